"""Pictures of landscapes. Every function draws into `ax`, or a new figure, and returns the axes;
`html` writes a page, `view` shows structures to turn.
"""

from jaxscape.plot.connections import barriers as barriers, connections as connections
from jaxscape.plot.contour import contour as contour
from jaxscape.plot.dihedrals import dihedrals as dihedrals
from jaxscape.plot.disconnectivity import disconnectivity as disconnectivity
from jaxscape.plot.first_passage import first_passage as first_passage
from jaxscape.plot.heat_capacity import heat_capacity as heat_capacity
from jaxscape.plot.html import html as html
from jaxscape.plot.index_profile import index_profile as index_profile
from jaxscape.plot.network import network as network
from jaxscape.plot.path import path as path
from jaxscape.plot.rates import rates as rates
from jaxscape.plot.spectrum import spectrum as spectrum
from jaxscape.plot.sweep import sweep as sweep
from jaxscape.plot.view import View as View, view as view
