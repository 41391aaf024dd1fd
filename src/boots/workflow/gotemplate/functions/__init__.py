"""What templates may call: a table for each subject, and the names that are refused and why."""

from boots.workflow.gotemplate.functions import (
    collections,
    comparing,
    encoding,
    numbers,
    patterns,
    printing,
    texts,
    tinkerbell,
)
from boots.workflow.gotemplate.functions.calling import Native

SUBJECTS: dict[str, tuple[Native, ...]] = {
    "Comparing and choosing": comparing.TABLE,
    "Texts": texts.TABLE,
    "Printing": printing.TABLE,
    "Patterns": patterns.TABLE,
    "Lists and dicts": collections.TABLE,
    "Numbers": numbers.TABLE,
    "Encoding": encoding.TABLE,
    "Tinkerbell's": tinkerbell.TABLE,
}

TABLE: dict[str, Native] = {each.name: each for table in SUBJECTS.values() for each in table}
NAMES = frozenset(TABLE)

_CLOCK = "a template must say the same tomorrow; write the date out"
_CHANCE = "a template must say the same the next time; write the value out"
_WORLD = "a template sees the machine's record only; put the value there"
_PAGE = "a workflow is no web page; quote and toJson make values safe"

# Ruff would rather have lists of a name a line.
# ruff: noqa: SIM905
REFUSED: dict[str, str] = {
    **dict.fromkeys(
        """
            now date dateInZone date_in_zone dateModify date_modify mustDateModify
            must_date_modify ago toDate mustToDate htmlDate htmlDateInZone
            unixEpoch duration durationRound
            """.split(),
        _CLOCK,
    ),
    **dict.fromkeys(
        """
            randAlphaNum randAlpha randAscii randNumeric randBytes randInt uuidv4
            shuffle genPrivateKey genCA genCAWithKey genSelfSignedCert
            genSelfSignedCertWithKey genSignedCert genSignedCertWithKey bcrypt
            htpasswd derivePassword encryptAES decryptAES
            """.split(),
        _CHANCE,
    ),
    **dict.fromkeys(
        """
            env expandenv getHostByName
            """.split(),
        _WORLD,
    ),
    **dict.fromkeys(
        """
            html js urlquery
            """.split(),
        _PAGE,
    ),
    "call": "no value of a template is a function",
}
"""Functions of Go and Sprig that are not to be had, and why."""
