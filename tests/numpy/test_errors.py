import pytest

from tfsnn_numpy.errors import plain_interrupts


def test_an_interrupt_inside_a_function_of_c_is_an_interrupt():
    with pytest.raises(KeyboardInterrupt), plain_interrupts():
        raise SystemError("returned a result with an exception set") from (
            KeyboardInterrupt()
        )


@pytest.mark.parametrize("error", [SystemError("a bug"), ValueError("x")])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)), plain_interrupts():
        raise error


def test_an_error_while_an_interrupt_is_handled_is_no_interrupt():
    with pytest.raises(SystemError), plain_interrupts():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise SystemError("while cleaning up")  # noqa: B904
