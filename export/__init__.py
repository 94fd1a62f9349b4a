"""Generators, patches and classifiers for other programs: ONNX, safetensors, DICOM, NIfTI, and cards."""
