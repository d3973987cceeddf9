package ctr

// The shapes of what clients send of module types and instances. Source: schema.

func typeShape() shape {
	return shape{
		"title": {is: aName, required: true}, "default_name": {is: aName, required: true},
		"description": {is: aString}, "short_description": {is: aString}, "tips": {is: aString},
		"logo": {is: aString}, "logo_dark": {is: aString}, "former_title": {is: aString},
		"app_link": {is: aString}, "app_link_meta": {is: object(appLinkShape())},
		"capabilities": {is: listOf(object(capabilityShape()))}, "configuration_spec": {is: listOf(object(specShape()))},
		"enabled": {is: aBoolean}, "external_references": {is: listOf(object(referenceShape(false)))},
		"flags": {is: listOf(aString)}, "integration": {is: object(shape{"client_ids": {is: listOf(aString)}})},
		"integration_id": {is: aString}, "max_nb_instances": {is: anInteger}, "ocsf-product-uid": {is: aString},
		"product_categories": {is: listOf(object(categoryShape()))}, "properties": {is: free},
	}
}

// patchShape is what the patch of a module type may change: more than the type's
// maker can by himself.
func patchShape() shape {
	s := typeShape()
	s["parent_id"] = field{is: aString}
	for _, key := range []string{"client_id", "org_id", "user_id", "record"} {
		s[key] = field{is: aString, required: true}
	}
	s["visibility"] = field{is: oneOf("global", "org"), required: true}
	s["disable_automatic_health_check"] = field{is: aBoolean}
	return s.patch()
}

func appLinkShape() shape {
	return shape{"title": {is: aString, required: true}, "url": {is: aString, required: true},
		"description": {is: aString}, "logo": {is: aString}, "meta": {is: object(shape{
			"x_okta_bookmark_id": {is: aString}, "x_query_params": {is: free},
		})}}
}

func capabilityShape() shape {
	return shape{"description": {is: aString, required: true}, "id": {required: true, is: oneOf(
		"health", "deliberate", "observe", "refer", "respond", "tiles", "detection_source", "device_insights", "assets",
		"incident/resolve", "notifications", "data_ingestion", "target_records", "automate", "threat_hunts",
	)}}
}

func categoryShape() shape {
	return shape{"description": {is: aString, required: true}, "id": {required: true, is: oneOf(
		"siem", "threat-intel", "email-security", "ndr", "rf-security", "cloud-firewall", "itsm", "edr", "cloud-security", "firewall",
	)}}
}

func specShape() shape {
	return shape{
		"key": {is: aName, required: true}, "label": {is: aString, required: true},
		"type": {required: true, is: oneOf("string", "password", "api_key", "integer", "boolean", "options", "device", "remote", "file")},
		"beta": {is: aBoolean}, "default_value": {is: anything}, "group": {is: aString}, "subtype": {is: aString},
		"options":  {is: listOf(object(shape{"label": {is: aString, required: true}, "value": {is: aString, required: true}}))},
		"required": {is: aBoolean}, "strict-options": {is: aBoolean}, "tooltip": {is: aString},
	}
}

// referenceShape is that of a link; that of an instance has a label.
func referenceShape(labelled bool) shape {
	return shape{"label": {is: aString, required: labelled}, "link": {is: aString}, "class": {is: aString}, "external_id": {is: aString}}
}

func instanceShape() shape {
	return shape{
		"name": {is: aName, required: true}, "module_type_id": {is: aName, required: true},
		"visibility": {is: oneOf("global", "org", "user"), required: true},
		"enabled":    {is: aBoolean}, "settings": {is: free}, "parent_id": {is: aString},
		"external_references": {is: listOf(object(referenceShape(true)))},
	}
}
