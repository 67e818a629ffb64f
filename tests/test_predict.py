"""Predictions keep their answer, and never stop a notebook."""

from lessonkit.predict import Prediction


def test_a_prediction_has_its_default_until_it_is_answered():
    said = Prediction("How long?", default=3.0, low=0, high=10)
    assert (said.value, said.answered, float(said)) == (3.0, False, 3.0)
    said.value = 4.5
    assert (said.value, said.answered) == (4.5, True)
    assert repr(said) == "How long? My prediction: 4.5 s"
    assert said._repr_mimebundle_()["text/plain"] == repr(said)
