package ipdbtest

import "strconv"

// Types of databases that the records below belong to.
const (
	CountryType       = "GeoLite2-Country"
	ASNType           = "GeoLite2-ASN"
	ISPType           = "GeoIP2-ISP"
	DomainType        = "GeoIP2-Domain"
	EnterpriseType    = "GeoIP2-Enterprise"
	AnonymousType     = "GeoIP2-Anonymous-IP"
	IPinfoCompanyType = "ipinfo standard_company.mmdb"
	IPinfoLiteType    = "ipinfo bundle_location_lite.mmdb"
	IPinfoASNType     = "ipinfo generic_asn_free.mmdb"
)

// Facts are the values of a record; what is empty or 0 is left out of it.
type Facts struct {
	Country string // ISO 3166-1 alpha-2
	Type    string // a user type in MaxMind's words, or an IPinfo type
	Domain  string
	ASN     uint32
	ASName  string
}

// Country returns a record of CountryType.
func Country(code string) map[string]any {
	return fill(nil, "country", place(code), "registered_country", place(code))
}

func place(code string) map[string]any {
	if code == "" {
		return nil
	}
	return map[string]any{"iso_code": code, "names": map[string]any{"en": "Country " + code}}
}

// ASN returns a record of ASNType.
func ASN(number uint32, name string) map[string]any {
	return fill(nil, "autonomous_system_number", number, "autonomous_system_organization", name)
}

// ISP returns a record of ISPType.
func ISP(number uint32, name, isp string) map[string]any {
	return fill(ASN(number, name), "isp", isp, "organization", isp)
}

// Domain returns a record of DomainType.
func Domain(domain string) map[string]any {
	return fill(nil, "domain", domain)
}

// Hosting returns a record of AnonymousType.
func Hosting() map[string]any {
	return map[string]any{"is_anonymous": true, "is_hosting_provider": true}
}

// Enterprise returns a record of EnterpriseType.
func Enterprise(facts Facts) map[string]any {
	traits := fill(ASN(facts.ASN, facts.ASName), "domain", facts.Domain, "user_type", facts.Type)
	return fill(Country(facts.Country), "traits", traits)
}

// IPinfoCompany returns a record of IPinfoCompanyType; the company is that of the AS.
func IPinfoCompany(facts Facts) map[string]any {
	return fill(nil,
		"name", facts.ASName, "domain", facts.Domain, "type", facts.Type, "country", facts.Country,
		"asn", asText(facts.ASN), "as_name", facts.ASName)
}

// IPinfoLite returns a record of IPinfoLiteType, in which the country is a name
// and the domain is that of the AS.
func IPinfoLite(facts Facts) map[string]any {
	country := ""
	if facts.Country != "" {
		country = "Country " + facts.Country
	}
	return fill(nil,
		"country", country, "country_code", facts.Country,
		"asn", asText(facts.ASN), "as_name", facts.ASName, "as_domain", facts.Domain)
}

// IPinfoASN returns a record of IPinfoASNType.
func IPinfoASN(facts Facts) map[string]any {
	return fill(nil, "asn", asText(facts.ASN), "name", facts.ASName, "domain", facts.Domain, "type", facts.Type)
}

func asText(number uint32) string {
	if number == 0 {
		return ""
	}
	return "AS" + strconv.FormatUint(uint64(number), 10)
}

// fill adds keys and values to a record, except for empty values.
func fill(record map[string]any, pairs ...any) map[string]any {
	if record == nil {
		record = make(map[string]any)
	}
	for n := 0; n < len(pairs); n += 2 {
		switch value := pairs[n+1].(type) {
		case string:
			if value == "" {
				continue
			}
		case uint32:
			if value == 0 {
				continue
			}
		case map[string]any:
			if len(value) == 0 {
				continue
			}
		}
		record[pairs[n].(string)] = pairs[n+1]
	}
	return record
}
