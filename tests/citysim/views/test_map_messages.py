from dataclasses import replace

from citysim.views.city import City
from citysim.views.map_messages import LARGEST_LINE, map_messages, map_nodes


def test_every_lane_and_every_way_of_the_truth_is_in_the_map_once(city: City) -> None:
    nodes = [one.record for one in map_nodes(replace(city, fault_share=0.0)).shown]
    truth = city.truth
    assert len(nodes) == truth.junctions.num_rows
    links = [link for node in nodes for link in node["inLinks"]]
    lanes = [lane for link in links for lane in link["lanes"]]
    assert (len(links), len(lanes)) == (truth.edges.num_rows, truth.lanes.num_rows)
    assert sum(len(lane["connectsTo"]) for lane in lanes) == truth.movements.num_rows
    assert all(2 <= len(one["points"]) <= LARGEST_LINE for one in (*links, *lanes))
    assert len({(node["id"]["region"], node["id"]["id"]) for node in nodes}) == len(nodes)
    assert all(node["id"]["region"] > 0 and node["id"]["id"] > 255 for node in nodes)


def test_what_a_lane_permits_is_what_its_ways_do(city: City) -> None:
    for one in map_nodes(replace(city, fault_share=0.0)).shown:
        for link in one.record["inLinks"]:
            for lane in link["lanes"]:
                turns = [way["connectingLane"]["maneuver"].index("1") for way in lane["connectsTo"]]
                assert [bit for bit, is_on in enumerate(lane["maneuvers"]) if is_on == "1"] == sorted(set(turns))


def test_rows_that_a_node_should_become_have_names_of_their_own(city: City) -> None:
    view = map_nodes(city)
    for dataset in ("junction", "road_segment", "lane", "junction_movement"):
        names = [row.values["source_id"] for one in {one.record_id: one for one in view.shown}.values()
                 for row in one.rows[dataset]]  # fmt: skip
        assert len(set(names)) == len(names) > 0
    assert {one.body["timestamp"] % 60_000 for one in map_messages(city)} == {0}
