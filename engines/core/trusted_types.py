"""The types a stored model may contain: our own list, never one read from a model."""

from engines.core.errors import InvalidInput

# skops trusts scikit-learn's estimators and NumPy's arrays by itself. These are what the learners
# that MLAAS trains need beyond that; each was seen in a fitted pipeline and runs no code on load.
TRUSTED_TYPES: tuple[str, ...] = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "numpy.dtype",
    "numpy.expand_dims",
    "numpy.mean",
    "numpy.nan_to_num",
    "pandas.core.tools.datetimes.to_datetime",
    "pandas.core.tools.numeric.to_numeric",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)


def untrusted(text: str, hint: str) -> InvalidInput:
    """The failure for a model with other types; `text` is what skops said of them."""
    return InvalidInput(
        f"The model holds types that are not trusted: {text.split(': ', 1)[-1]}", hint=hint
    )
