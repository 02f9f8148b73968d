"""Files of other programs and of none in particular; `read` and `write` know all of them.

A format that holds coordinates is read as a `Landscape`, the others as a `KineticNetwork`.
Points come row by row: nothing is merged, renumbered or certified. A file that is broken raises
`FormatError`, which says where, what was expected, and what stands there.
"""

from jaxscape.io import (
    discotress as discotress,
    graphml as graphml,
    network_json as network_json,
    path_info as path_info,
    pathsample as pathsample,
    pele as pele,
    topsearch as topsearch,
    xyz as xyz,
)
from jaxscape.io._errors import FormatError as FormatError
from jaxscape.io.any_format import (
    formats as formats,
    read as read,
    recognise as recognise,
    write as write,
)
from jaxscape.io.verification import Verification as Verification, verify as verify
