"""The provider's rate decks (CAT-9): what a call costs by where it goes, net euros per minute; by the minute or by the second.

Prefixes follow the real numbering plans (E.164 country codes, the Dutch area codes); the prices are made up.
"""

import csv
import io
from dataclasses import dataclass, replace
from decimal import Decimal

PER_MINUTE = "per-minuut"
"""The deck that charges begun minutes, everywhere."""
PER_SECOND = "per-seconde"
"""The deck that charges seconds near home and begun minutes far away. A deck's intervals go before a tariff's time rating (USE-3)."""
DECK_IDS = (PER_MINUTE, PER_SECOND)
HEADER = ("prefix", "name", "price_per_minute", "connection_fee", "first_seconds", "next_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckRow:
    """One destination. ``first_seconds`` is the least that is charged, beyond it whole ``next_seconds``."""

    prefix: str
    name: str
    price_per_minute: Decimal
    connection_fee: Decimal = Decimal("0.0500")
    first_seconds: int = 1
    next_seconds: int = 1


_AREAS = """
10 Rotterdam|111 Zierikzee|113 Goes|114 Hulst|115 Terneuzen|117 Sluis|118 Middelburg|13 Tilburg|15 Delft|161 Gilze-Rijen
162 Oosterhout|164 Bergen op Zoom|165 Roosendaal|166 Tholen|167 Steenbergen|168 Zevenbergen|172 Alphen aan den Rijn|174 Naaldwijk
180 Ridderkerk|181 Spijkenisse|182 Gouda|183 Gorinchem|184 Sliedrecht|186 Oud-Beijerland|187 Middelharnis|20 Amsterdam|222 Texel
223 Den Helder|224 Schagen|226 Noord-Scharwoude|227 Medemblik|228 Enkhuizen|229 Hoorn|23 Haarlem|24 Nijmegen|251 Beverwijk
252 Hillegom|255 IJmuiden|26 Arnhem|294 Weesp|297 Aalsmeer|299 Purmerend|30 Utrecht|313 Dieren|314 Doetinchem|315 Terborg
316 Zevenaar|317 Wageningen|318 Ede|320 Lelystad|321 Dronten|33 Amersfoort|341 Harderwijk|342 Barneveld|343 Doorn|344 Tiel
345 Culemborg|346 Maarssen|347 Vianen|348 Woerden|35 Hilversum|36 Almere|38 Zwolle|40 Eindhoven|411 Boxtel|412 Oss|413 Veghel
416 Waalwijk|418 Zaltbommel|43 Maastricht|45 Heerlen|46 Sittard|475 Roermond|478 Venray|481 Bemmel|485 Cuijk|486 Grave|487 Druten
488 Zetten|492 Helmond|493 Deurne|495 Weert|497 Eersel|499 Best|50 Groningen|511 Veenwouden|512 Drachten|513 Heerenveen|514 Balk
515 Sneek|516 Oosterwolde|517 Franeker|518 Sint Annaparochie|519 Dokkum|521 Steenwijk|522 Meppel|523 Hardenberg|524 Coevorden
525 Elburg|527 Emmeloord|528 Hoogeveen|529 Ommen|53 Enschede|541 Oldenzaal|543 Winterswijk|544 Groenlo|545 Neede|546 Almelo|547 Goor
548 Rijssen|55 Apeldoorn|561 Wolvega|562 Terschelling|566 Irnsum|570 Deventer|571 Voorst|572 Raalte|573 Lochem|575 Zutphen|577 Uddel
578 Epe|58 Leeuwarden|591 Emmen|592 Assen|593 Beilen|594 Zuidhorn|595 Warffum|596 Appingedam|597 Winschoten|598 Hoogezand
599 Stadskanaal|70 Den Haag|71 Leiden|72 Alkmaar|73 's-Hertogenbosch|74 Hengelo|75 Zaandam|76 Breda|77 Venlo|78 Dordrecht|79 Zoetermeer
"""
"""Dutch area codes without the trunk zero, and their towns."""

_SPECIAL = """
31 Netherlands|0.0110|0.0450|1|1
3161 Netherlands mobile|0.0450|0.0500|1|1
3162 Netherlands mobile|0.0450|0.0500|1|1
3163 Netherlands mobile|0.0450|0.0500|1|1
3164 Netherlands mobile|0.0450|0.0500|1|1
3165 Netherlands mobile|0.0450|0.0500|1|1
3168 Netherlands mobile|0.0450|0.0500|1|1
3166 Netherlands paging|0.2500|0.0500|60|60
3167 Netherlands internet access|0.0190|0.0500|1|1
31800 Netherlands freephone|0.0000|0.0000|1|1
3185 Netherlands, any place|0.0120|0.0450|1|1
3188 Netherlands, company number|0.0120|0.0450|1|1
3191 Netherlands, company number|0.0120|0.0450|1|1
3184 Netherlands personal number|0.0900|0.0500|1|1
3187 Netherlands personal number|0.0900|0.0500|1|1
3197 Netherlands machine to machine|0.0600|0.0500|1|1
31900 Netherlands service number|0.6500|0.0500|60|60
31906 Netherlands service number (adult)|0.9000|0.0500|60|60
31909 Netherlands service number (entertainment)|0.9000|0.0500|60|60
31140 Netherlands municipality|0.0110|0.0450|1|1
32 Belgium|0.0190|0.0500|1|1
324 Belgium mobile|0.1450|0.0500|1|1
3270 Belgium shared cost|0.1900|0.0500|60|60
32900 Belgium service number|0.9500|0.0500|60|60
49 Germany|0.0160|0.0500|1|1
4915 Germany mobile|0.1150|0.0500|1|1
4916 Germany mobile|0.1150|0.0500|1|1
4917 Germany mobile|0.1150|0.0500|1|1
49180 Germany shared cost|0.1900|0.0500|60|60
49900 Germany service number|1.4500|0.0500|60|60
352 Luxembourg|0.0290|0.0500|1|1
3526 Luxembourg mobile|0.1550|0.0500|1|1
33 France|0.0170|0.0500|1|1
336 France mobile|0.1050|0.0500|1|1
337 France mobile|0.1050|0.0500|1|1
338 France shared cost|0.1900|0.0500|60|60
44 United Kingdom|0.0170|0.0500|1|1
447 United Kingdom mobile|0.1250|0.0500|1|1
4470 United Kingdom personal number|0.4500|0.0500|60|60
4484 United Kingdom shared cost|0.1900|0.0500|60|60
4487 United Kingdom shared cost|0.1900|0.0500|60|60
4490 United Kingdom service number|1.4500|0.0500|60|60
"""
"""Prefix and name, price per minute, connection fee, first and next interval."""

_EUROPE = """
30 Greece|306 Greece mobile|34 Spain|346 Spain mobile|347 Spain mobile|350 Gibraltar|351 Portugal|3519 Portugal mobile|353 Ireland
3538 Ireland mobile|354 Iceland|3546 Iceland mobile|3547 Iceland mobile|355 Albania|3556 Albania mobile|356 Malta|3567 Malta mobile
3569 Malta mobile|357 Cyprus|3579 Cyprus mobile|358 Finland|3584 Finland mobile|3585 Finland mobile|359 Bulgaria|3598 Bulgaria mobile
36 Hungary|3620 Hungary mobile|3630 Hungary mobile|3670 Hungary mobile|370 Lithuania|3706 Lithuania mobile|371 Latvia|3712 Latvia mobile
372 Estonia|3725 Estonia mobile|373 Moldova|3736 Moldova mobile|3737 Moldova mobile|374 Armenia|375 Belarus|376 Andorra|377 Monaco
378 San Marino|380 Ukraine|38050 Ukraine mobile|38063 Ukraine mobile|38067 Ukraine mobile|381 Serbia|3816 Serbia mobile|382 Montenegro
3826 Montenegro mobile|383 Kosovo|3834 Kosovo mobile|385 Croatia|3859 Croatia mobile|386 Slovenia|38630 Slovenia mobile
38640 Slovenia mobile|38670 Slovenia mobile|387 Bosnia and Herzegovina|3876 Bosnia and Herzegovina mobile|389 North Macedonia
3897 North Macedonia mobile|39 Italy|393 Italy mobile|40 Romania|407 Romania mobile|41 Switzerland|4174 Switzerland mobile
4175 Switzerland mobile|4176 Switzerland mobile|4177 Switzerland mobile|4178 Switzerland mobile|4179 Switzerland mobile|420 Czechia
4206 Czechia mobile|4207 Czechia mobile|421 Slovakia|4219 Slovakia mobile|423 Liechtenstein|43 Austria|4364 Austria mobile
4365 Austria mobile|4366 Austria mobile|4367 Austria mobile|4368 Austria mobile|4369 Austria mobile|45 Denmark|46 Sweden|467 Sweden mobile
47 Norway|474 Norway mobile|479 Norway mobile|48 Poland|4845 Poland mobile|4850 Poland mobile|4851 Poland mobile|4860 Poland mobile
4866 Poland mobile|4869 Poland mobile|4872 Poland mobile|4873 Poland mobile|4878 Poland mobile|4879 Poland mobile|4888 Poland mobile
90 Turkey|905 Turkey mobile|7 Russia|79 Russia mobile|298 Faroe Islands|299 Greenland
"""
"""The rest of Europe: fixed at one price, mobile at another."""

_WORLD = """
1 United States and Canada|1242 Bahamas|1246 Barbados|1441 Bermuda|1809 Dominican Republic|1829 Dominican Republic|1849 Dominican Republic
1868 Trinidad and Tobago|1876 Jamaica|20 Egypt|211 South Sudan|212 Morocco|2126 Morocco mobile|213 Algeria|216 Tunisia|218 Libya|220 Gambia
221 Senegal|222 Mauritania|223 Mali|224 Guinea|225 Ivory Coast|226 Burkina Faso|227 Niger|228 Togo|229 Benin|230 Mauritius|231 Liberia
232 Sierra Leone|233 Ghana|234 Nigeria|235 Chad|236 Central African Republic|237 Cameroon|238 Cape Verde|239 Sao Tome and Principe
240 Equatorial Guinea|241 Gabon|242 Congo|243 DR Congo|244 Angola|245 Guinea-Bissau|248 Seychelles|249 Sudan|250 Rwanda|251 Ethiopia
252 Somalia|253 Djibouti|254 Kenya|255 Tanzania|256 Uganda|257 Burundi|258 Mozambique|260 Zambia|261 Madagascar|262 Reunion|263 Zimbabwe
264 Namibia|265 Malawi|266 Lesotho|267 Botswana|268 Eswatini|269 Comoros|27 South Africa|276 South Africa mobile|277 South Africa mobile
278 South Africa mobile|290 Saint Helena|291 Eritrea|297 Aruba|500 Falkland Islands|501 Belize|502 Guatemala|503 El Salvador|504 Honduras
505 Nicaragua|506 Costa Rica|507 Panama|509 Haiti|51 Peru|52 Mexico|53 Cuba|54 Argentina|549 Argentina mobile|55 Brazil|56 Chile
57 Colombia|573 Colombia mobile|58 Venezuela|590 Guadeloupe|591 Bolivia|592 Guyana|593 Ecuador|594 French Guiana|595 Paraguay
596 Martinique|597 Suriname|5977 Suriname mobile|5978 Suriname mobile|598 Uruguay|5993 Bonaire|5994 Saba|5999 Curacao|60 Malaysia
601 Malaysia mobile|61 Australia|614 Australia mobile|62 Indonesia|628 Indonesia mobile|63 Philippines|639 Philippines mobile
64 New Zealand|642 New Zealand mobile|65 Singapore|66 Thailand|668 Thailand mobile|670 East Timor|673 Brunei|675 Papua New Guinea|676 Tonga
679 Fiji|687 New Caledonia|689 French Polynesia|77 Kazakhstan|81 Japan|8170 Japan mobile|8180 Japan mobile|8190 Japan mobile
82 South Korea|8210 South Korea mobile|84 Vietnam|852 Hong Kong|853 Macao|855 Cambodia|856 Laos|86 China|8613 China mobile|8615 China mobile
8618 China mobile|880 Bangladesh|886 Taiwan|91 India|92 Pakistan|93 Afghanistan|94 Sri Lanka|95 Myanmar|960 Maldives|961 Lebanon|962 Jordan
963 Syria|964 Iraq|965 Kuwait|966 Saudi Arabia|967 Yemen|968 Oman|970 Palestine|971 United Arab Emirates|9715 United Arab Emirates mobile
972 Israel|9725 Israel mobile|973 Bahrain|974 Qatar|975 Bhutan|976 Mongolia|977 Nepal|98 Iran|992 Tajikistan|993 Turkmenistan
994 Azerbaijan|995 Georgia|996 Kyrgyzstan|998 Uzbekistan
"""
"""The rest of the world, charged by the minute; the far and the mobile cost more."""


def _cells(table: str) -> list[tuple[str, str]]:
    cells = [cell.strip() for line in table.strip().splitlines() for cell in line.split("|")]
    return [(prefix, name) for prefix, _, name in (cell.partition(" ") for cell in cells)]


def _special() -> list[DeckRow]:
    rows = []
    for line in _SPECIAL.strip().splitlines():
        label, price, fee, first, following = line.split("|")
        prefix, _, name = label.partition(" ")
        rows.append(
            DeckRow(
                prefix=prefix,
                name=name,
                price_per_minute=Decimal(price),
                connection_fee=Decimal(fee),
                first_seconds=int(first),
                next_seconds=int(following),
            )
        )
    return rows


def _world_price(prefix: str, name: str) -> Decimal:
    if prefix == "1":
        return Decimal("0.0180")
    by_zone = {"1": "0.2400", "2": "0.3800", "5": "0.2600", "6": "0.1600", "7": "0.2200", "8": "0.1400", "9": "0.2900"}
    price = Decimal(by_zone[prefix[0]])
    return price + Decimal("0.0600") if name.endswith("mobile") else price


def rows(deck_id: str = PER_SECOND) -> tuple[DeckRow, ...]:
    """The whole deck, by prefix; every prefix once."""
    deck = _special()
    deck += [
        DeckRow(prefix="31" + area, name=f"Netherlands, {town}", price_per_minute=Decimal("0.0100"), connection_fee=Decimal("0.0450"))
        for area, town in _cells(_AREAS)
    ]
    deck += [
        DeckRow(prefix=prefix, name=name, price_per_minute=Decimal("0.1650" if name.endswith("mobile") else "0.0320"))
        for prefix, name in _cells(_EUROPE)
    ]
    deck += [
        DeckRow(prefix=prefix, name=name, price_per_minute=_world_price(prefix, name), first_seconds=60, next_seconds=60)
        for prefix, name in _cells(_WORLD)
    ]
    if deck_id == PER_MINUTE:
        deck = [replace(row, first_seconds=60, next_seconds=60) for row in deck]
    return tuple(sorted(deck, key=lambda row: row.prefix))


def as_csv(deck_id: str) -> str:
    """The deck as the CSV file that a provider loads (CAT-9)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in rows(deck_id):
        writer.writerow((row.prefix, row.name, row.price_per_minute, row.connection_fee, row.first_seconds, row.next_seconds))
    return text.getvalue()
