#!/usr/bin/env python3
"""Every flow of the old protocol against a running daemon; `--help` and README.md say how.

Without --daemon a stand-in (peer.py, well-behaved and with short times) is the daemon, which tests
the flows and not a daemon.
"""

import sys
import unittest

from client_flows import *  # pylint: disable=wildcard-import,unused-wildcard-import
from daemon_flows import *  # pylint: disable=wildcard-import,unused-wildcard-import
from target import Flow, Target

del Flow  # Holds no test of its own.

if __name__ == "__main__":
    remaining = Target.configure(sys.argv[1:])
    unittest.main(argv=[sys.argv[0], *remaining], verbosity=2)
