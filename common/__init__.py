"""What has nothing to do with nodules or TensorFlow: flags, files, pictures, Hounsfield units, pickles, pages."""
