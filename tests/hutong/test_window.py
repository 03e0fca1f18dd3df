import hutong


def test_every_name_in_the_window_is_there_and_no_other() -> None:
    assert sorted(hutong.__all__) == sorted(hutong._HOMES)
    for name in hutong.__all__:
        assert getattr(hutong, name) is not None
