// Shows the description of the API, and asks nobody else for anything.
SwaggerUIBundle({
  url: "/swagger/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
});
