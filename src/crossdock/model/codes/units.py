"""The units of measure that the hub knows, each with one meaning.

A code means here what this table says, whatever it means elsewhere: `IN` is an inner pack, not an
inch; `PL` a pallet, not a pail. A partner's own codes come through its crosswalk. Codes are those
of UN/ECE Recommendation 20 and 21 that a warehouse meets, and the short ones the trade uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from types import MappingProxyType


class Dimension(Enum):
    """What a unit measures."""

    COUNT = "count"  #: pieces; two count units convert only where this table or an item says so
    PACK = "pack"  #: a packing whose content only the item knows
    MASS = "mass"  #: base unit gram
    LENGTH = "length"  #: base unit metre
    AREA = "area"  #: base unit square metre
    VOLUME = "volume"  #: base unit litre
    TIME = "time"  #: base unit second


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure; `factor` is exact: how many of the dimension's base unit one of it is."""

    code: str
    says: str
    dimension: Dimension
    factor: Fraction | None = None  #: None for packs: the item knows


_ROWS = """
EA      each                         count   1
PCE     piece                        count   1
PC      piece                        count   1
H87     piece (UN/ECE)               count   1
C62     one (UN/ECE)                 count   1
UN      unit                         count   1
PR      pair                         count   2
DZN     dozen                        count   12
DZ      dozen                        count   12
GRO     gross                        count   144
CEN     hundred                      count   100
MIL     thousand                     count   1000
IN      inner pack                   pack
CS      case                         pack
CA      case (X12)                   pack
CT      carton                       pack
BX      box                          pack
PK      pack                         pack
PA      packet                       pack
BG      bag                          pack
SA      sack                         pack
BO      bottle                       pack
CAN     can                          pack
JR      jar                          pack
TU      tube                         pack
DR      drum                         pack
PAI     pail                         pack
BE      bundle                       pack
RL      roll                         pack
RO      roll (UN/ECE)                pack
SH      sheet                        pack
SET     set                          pack
KT      kit                          pack
TRY     tray                         pack
CR      crate                        pack
LY      layer                        pack
PL      pallet                       pack
PX      pallet (UN/ECE)              pack
PF      pallet, full                 pack
DSP     display                      pack
MG      milligram                    mass    1/1000
MGM     milligram (UN/ECE)           mass    1/1000
G       gram                         mass    1
GRM     gram (UN/ECE)                mass    1
KG      kilogram                     mass    1000
KGM     kilogram (UN/ECE)            mass    1000
T       tonne                        mass    1000000
TNE     tonne (UN/ECE)               mass    1000000
LB      pound                        mass    45359237/100000
LBR     pound (UN/ECE)               mass    45359237/100000
OZ      ounce                        mass    45359237/1600000
ONZ     ounce (UN/ECE)               mass    45359237/1600000
MM      millimetre                   length  1/1000
MMT     millimetre (UN/ECE)          length  1/1000
CM      centimetre                   length  1/100
CMT     centimetre (UN/ECE)          length  1/100
M       metre                        length  1
MTR     metre (UN/ECE)               length  1
KM      kilometre                    length  1000
KMT     kilometre (UN/ECE)           length  1000
INH     inch (UN/ECE)                length  254/10000
FOT     foot (UN/ECE)                length  3048/10000
FT      foot                         length  3048/10000
YRD     yard (UN/ECE)                length  9144/10000
YD      yard                         length  9144/10000
M2      square metre                 area    1
MTK     square metre (UN/ECE)        area    1
CMK     square centimetre (UN/ECE)   area    1/10000
FTK     square foot (UN/ECE)         area    9290304/100000000
ML      millilitre                   volume  1/1000
MLT     millilitre (UN/ECE)          volume  1/1000
CL      centilitre                   volume  1/100
CLT     centilitre (UN/ECE)          volume  1/100
DL      decilitre                    volume  1/10
DLT     decilitre (UN/ECE)           volume  1/10
L       litre                        volume  1
LTR     litre (UN/ECE)               volume  1
HLT     hectolitre (UN/ECE)          volume  100
M3      cubic metre                  volume  1000
MTQ     cubic metre (UN/ECE)         volume  1000
GLL     gallon, US (UN/ECE)          volume  3785411784/1000000000
GAL     gallon, US                   volume  3785411784/1000000000
SEC     second (UN/ECE)              time    1
MIN     minute (UN/ECE)              time    60
HUR     hour (UN/ECE)                time    3600
HR      hour                         time    3600
DAY     day (UN/ECE)                 time    86400
"""


def _unit(row: str) -> Unit:
    code, rest = row[:8].strip(), row[8:]
    dimension, _, factor = rest[29:].strip().partition(" ")
    return Unit(
        code, rest[:29].strip(), Dimension(dimension), Fraction(factor.strip()) if factor.strip() else None
    )


#: Every unit the hub knows without an item, by code.
UNITS: Mapping[str, Unit] = MappingProxyType(
    {unit.code: unit for unit in map(_unit, _ROWS.strip().splitlines())}
)
