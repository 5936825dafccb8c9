"""Numbers for a monitoring system, for whoever has the token; for everybody else there is nothing at that address."""

import dataclasses

from tests.factories import ANA, letter, sign


def test_without_a_token_set_there_is_no_such_address(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_the_token_opens_the_numbers(app, client):
    app.config["PETITION"] = dataclasses.replace(app.config["PETITION"], metrics_token="a sample token")
    letter()
    sign(client, **ANA)
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    answer = client.get("/metrics", headers={"Authorization": "Bearer a sample token"})
    assert 'petition_signatures{letter="open-the-road",state="published"} 1' in answer.text.splitlines()
    assert "petition_outbox_waiting 1" in answer.text.splitlines()
