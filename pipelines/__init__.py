"""Uroven: files of schools and districts in, uniform regional statistics out."""

import os

# The matrices of this project are small: for them a second thread of BLAS brings nothing, and on a busy
# machine the threads wait for each other (units of a region: 2 to 7 times the time). Set before numpy loads.
for _library in ("OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

__version__ = "0.1.0"
