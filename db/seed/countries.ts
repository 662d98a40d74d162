import type { Queryable } from '../pool.ts';

/** ISO 3166-1: alpha-2, alpha-3, numeric code, English name. */
const COUNTRIES = `
AF AFG 004 Afghanistan
AL ALB 008 Albania
AQ ATA 010 Antarctica
DZ DZA 012 Algeria
AS ASM 016 American Samoa
AD AND 020 Andorra
AO AGO 024 Angola
AG ATG 028 Antigua & Barbuda
AZ AZE 031 Azerbaijan
AR ARG 032 Argentina
AU AUS 036 Australia
AT AUT 040 Austria
BS BHS 044 Bahamas
BH BHR 048 Bahrain
BD BGD 050 Bangladesh
AM ARM 051 Armenia
BB BRB 052 Barbados
BE BEL 056 Belgium
BM BMU 060 Bermuda
BT BTN 064 Bhutan
BO BOL 068 Bolivia
BA BIH 070 Bosnia & Herzegovina
BW BWA 072 Botswana
BV BVT 074 Bouvet Island
BR BRA 076 Brazil
BZ BLZ 084 Belize
IO IOT 086 British Indian Ocean Territory
SB SLB 090 Solomon Islands
VG VGB 092 British Virgin Islands
BN BRN 096 Brunei
BG BGR 100 Bulgaria
MM MMR 104 Myanmar (Burma)
BI BDI 108 Burundi
BY BLR 112 Belarus
KH KHM 116 Cambodia
CM CMR 120 Cameroon
CA CAN 124 Canada
CV CPV 132 Cape Verde
KY CYM 136 Cayman Islands
CF CAF 140 Central African Republic
LK LKA 144 Sri Lanka
TD TCD 148 Chad
CL CHL 152 Chile
CN CHN 156 China
TW TWN 158 Taiwan
CX CXR 162 Christmas Island
CC CCK 166 Cocos (Keeling) Islands
CO COL 170 Colombia
KM COM 174 Comoros
YT MYT 175 Mayotte
CG COG 178 Congo - Brazzaville
CD COD 180 Congo - Kinshasa
CK COK 184 Cook Islands
CR CRI 188 Costa Rica
HR HRV 191 Croatia
CU CUB 192 Cuba
CY CYP 196 Cyprus
CZ CZE 203 Czechia
BJ BEN 204 Benin
DK DNK 208 Denmark
DM DMA 212 Dominica
DO DOM 214 Dominican Republic
EC ECU 218 Ecuador
SV SLV 222 El Salvador
GQ GNQ 226 Equatorial Guinea
ET ETH 231 Ethiopia
ER ERI 232 Eritrea
EE EST 233 Estonia
FO FRO 234 Faroe Islands
FK FLK 238 Falkland Islands
GS SGS 239 South Georgia & South Sandwich Islands
FJ FJI 242 Fiji
FI FIN 246 Finland
AX ALA 248 Åland Islands
FR FRA 250 France
GF GUF 254 French Guiana
PF PYF 258 French Polynesia
TF ATF 260 French Southern Territories
DJ DJI 262 Djibouti
GA GAB 266 Gabon
GE GEO 268 Georgia
GM GMB 270 Gambia
PS PSE 275 Palestinian Territories
DE DEU 276 Germany
GH GHA 288 Ghana
GI GIB 292 Gibraltar
KI KIR 296 Kiribati
GR GRC 300 Greece
GL GRL 304 Greenland
GD GRD 308 Grenada
GP GLP 312 Guadeloupe
GU GUM 316 Guam
GT GTM 320 Guatemala
GN GIN 324 Guinea
GY GUY 328 Guyana
HT HTI 332 Haiti
HM HMD 334 Heard & McDonald Islands
VA VAT 336 Vatican City
HN HND 340 Honduras
HK HKG 344 Hong Kong SAR China
HU HUN 348 Hungary
IS ISL 352 Iceland
IN IND 356 India
ID IDN 360 Indonesia
IR IRN 364 Iran
IQ IRQ 368 Iraq
IE IRL 372 Ireland
IL ISR 376 Israel
IT ITA 380 Italy
CI CIV 384 Côte d’Ivoire
JM JAM 388 Jamaica
JP JPN 392 Japan
KZ KAZ 398 Kazakhstan
JO JOR 400 Jordan
KE KEN 404 Kenya
KP PRK 408 North Korea
KR KOR 410 South Korea
KW KWT 414 Kuwait
KG KGZ 417 Kyrgyzstan
LA LAO 418 Laos
LB LBN 422 Lebanon
LS LSO 426 Lesotho
LV LVA 428 Latvia
LR LBR 430 Liberia
LY LBY 434 Libya
LI LIE 438 Liechtenstein
LT LTU 440 Lithuania
LU LUX 442 Luxembourg
MO MAC 446 Macao SAR China
MG MDG 450 Madagascar
MW MWI 454 Malawi
MY MYS 458 Malaysia
MV MDV 462 Maldives
ML MLI 466 Mali
MT MLT 470 Malta
MQ MTQ 474 Martinique
MR MRT 478 Mauritania
MU MUS 480 Mauritius
MX MEX 484 Mexico
MC MCO 492 Monaco
MN MNG 496 Mongolia
MD MDA 498 Moldova
ME MNE 499 Montenegro
MS MSR 500 Montserrat
MA MAR 504 Morocco
MZ MOZ 508 Mozambique
OM OMN 512 Oman
NA NAM 516 Namibia
NR NRU 520 Nauru
NP NPL 524 Nepal
NL NLD 528 Netherlands
CW CUW 531 Curaçao
AW ABW 533 Aruba
SX SXM 534 Sint Maarten
BQ BES 535 Caribbean Netherlands
NC NCL 540 New Caledonia
VU VUT 548 Vanuatu
NZ NZL 554 New Zealand
NI NIC 558 Nicaragua
NE NER 562 Niger
NG NGA 566 Nigeria
NU NIU 570 Niue
NF NFK 574 Norfolk Island
NO NOR 578 Norway
MP MNP 580 Northern Mariana Islands
UM UMI 581 U.S. Outlying Islands
FM FSM 583 Micronesia
MH MHL 584 Marshall Islands
PW PLW 585 Palau
PK PAK 586 Pakistan
PA PAN 591 Panama
PG PNG 598 Papua New Guinea
PY PRY 600 Paraguay
PE PER 604 Peru
PH PHL 608 Philippines
PN PCN 612 Pitcairn Islands
PL POL 616 Poland
PT PRT 620 Portugal
GW GNB 624 Guinea-Bissau
TL TLS 626 Timor-Leste
PR PRI 630 Puerto Rico
QA QAT 634 Qatar
RE REU 638 Réunion
RO ROU 642 Romania
RU RUS 643 Russia
RW RWA 646 Rwanda
BL BLM 652 St. Barthélemy
SH SHN 654 St. Helena
KN KNA 659 St. Kitts & Nevis
AI AIA 660 Anguilla
LC LCA 662 St. Lucia
MF MAF 663 St. Martin
PM SPM 666 St. Pierre & Miquelon
VC VCT 670 St. Vincent & Grenadines
SM SMR 674 San Marino
ST STP 678 São Tomé & Príncipe
SA SAU 682 Saudi Arabia
SN SEN 686 Senegal
RS SRB 688 Serbia
SC SYC 690 Seychelles
SL SLE 694 Sierra Leone
SG SGP 702 Singapore
SK SVK 703 Slovakia
VN VNM 704 Vietnam
SI SVN 705 Slovenia
SO SOM 706 Somalia
ZA ZAF 710 South Africa
ZW ZWE 716 Zimbabwe
ES ESP 724 Spain
SS SSD 728 South Sudan
SD SDN 729 Sudan
EH ESH 732 Western Sahara
SR SUR 740 Suriname
SJ SJM 744 Svalbard & Jan Mayen
SZ SWZ 748 Eswatini
SE SWE 752 Sweden
CH CHE 756 Switzerland
SY SYR 760 Syria
TJ TJK 762 Tajikistan
TH THA 764 Thailand
TG TGO 768 Togo
TK TKL 772 Tokelau
TO TON 776 Tonga
TT TTO 780 Trinidad & Tobago
AE ARE 784 United Arab Emirates
TN TUN 788 Tunisia
TR TUR 792 Türkiye
TM TKM 795 Turkmenistan
TC TCA 796 Turks & Caicos Islands
TV TUV 798 Tuvalu
UG UGA 800 Uganda
UA UKR 804 Ukraine
MK MKD 807 North Macedonia
EG EGY 818 Egypt
GB GBR 826 United Kingdom
GG GGY 831 Guernsey
JE JEY 832 Jersey
IM IMN 833 Isle of Man
TZ TZA 834 Tanzania
US USA 840 United States
VI VIR 850 U.S. Virgin Islands
BF BFA 854 Burkina Faso
UY URY 858 Uruguay
UZ UZB 860 Uzbekistan
VE VEN 862 Venezuela
WF WLF 876 Wallis & Futuna
WS WSM 882 Samoa
YE YEM 887 Yemen
ZM ZMB 894 Zambia
`;

/** What is not there yet is added; names and switches that people changed stay. */
export const seedCountries = async (db: Queryable): Promise<void> => {
  const all = COUNTRIES.trim()
    .split('\n')
    .map((line) => /^(\w{2}) (\w{3}) (\d{3}) (.+)$/.exec(line)!.slice(1));
  const column = (n: number) => all.map((country) => country[n]);
  await db.query(
    `insert into country (country_id, alpha2_code, alpha3_code, numeric_code, country_name)
     select code::int, alpha2, alpha3, code, name from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as iso (alpha2, alpha3, code, name)
     on conflict do nothing`,
    [column(0), column(1), column(2), column(3)],
  );
};
