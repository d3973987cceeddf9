package mix

import "strings"

// mediaType is the type that mail programs give a file of that name.
func mediaType(name string) string {
	switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
	case "pdf":
		return "application/pdf"
	case "docx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case "xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case "pptx":
		return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	case "jpg":
		return "image/jpeg"
	case "png":
		return "image/png"
	case "csv":
		return "text/csv"
	case "zip":
		return "application/zip"
	case "ics":
		return "text/calendar"
	case "vcf":
		return "text/vcard"
	case "p7s":
		return "application/pkcs7-signature"
	case "asc":
		return "application/pgp-signature"
	case "dat":
		return "application/ms-tnef"
	}
	return "application/octet-stream"
}
