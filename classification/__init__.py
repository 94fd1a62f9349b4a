"""Whether generated nodules help a classifier: networks, experiments over folds, and predictions."""


def predict(model, images, cpu=False):
    """Probabilities float [N, K] that a classifier gives images; `classifier.Classifier` has the names of the classes.

    model: a classifier of 5-classify.py; images: uint8 [N, C, R, R], or a dataset folder or a folder of pictures; cpu:
    leave the GPUs alone.
    """
    from common import prepare_libraries

    prepare_libraries()  # before TensorFlow is loaded
    from classification.classifier import Classifier  # here, because TensorFlow takes seconds to load

    with Classifier(model, cpu) as classifier:
        return classifier.predict(images)
