"""The named HU windows. Without NumPy, for the help texts that list them."""

# {name: HU at gray 0 and at gray 255}. 'paper' was measured on the published AIS patches: air is cut off at gray 74
# (-1024 HU), fat peaks at 154 (-100), muscle at 164 (+45), the same in all patients: HU = 11.8 * gray - 1904. 'lung' is
# level -600, width 1500; 'mediastinum' is level 40, width 400.
WINDOWS = {'paper': (-1900.0, 1100.0), 'lung': (-1350.0, 150.0), 'mediastinum': (-160.0, 240.0)}
