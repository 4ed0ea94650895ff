"""Models for other libraries: PyTorch modules, scikit-learn estimators."""
