"""What the demo takes for decided by people, and what for evidence."""

from just_walk_out.cli.demo_report import decided_by_people
from just_walk_out.records import Adjustment, AdjustmentState, Decision, DecisionKind, InteractionArray


def adjustment(id, *decisions):
    refund, currency = AdjustmentState.REFUNDED, "EUR"
    return Adjustment(1, id, "v/1", "v", "ada", refund, (), -149, -149, 0, 149, currency, decisions=decisions)


def test_corrections_of_pickup_are_evidence_and_decisions_of_people_are_not():
    by_pickup = Decision(1, "i!weight1", DecisionKind.CORRECT, "v", "i", "pickup: weight of cola_can", quantity=1)
    arrays = [InteractionArray(1), InteractionArray(2, corrections=(by_pickup,))]
    late = adjustment("v/1.1")
    corrected = adjustment("v/1.2", "i!weight1")
    decided = adjustment("v/1.3", "i!1", "i!weight1")
    assert decided_by_people([late, corrected, decided], arrays) == [decided]
