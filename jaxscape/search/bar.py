"""The progress bar: plain in a terminal, a widget in a notebook that has widgets."""

import warnings

with warnings.catch_warnings():
    # Without ipywidgets the bar is drawn as text; that needs no warning.
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm as tqdm
