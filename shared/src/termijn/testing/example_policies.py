"""What samples of policies are filled with: the defaults of the rules, in values as JSON writes them."""

from collections.abc import Mapping
from typing import Any

POLICIES: Mapping[str, Any] = {
    "collect_again_days": 14,
    "collections_max": 2,
    "columns": ["history-id", "call-id", "duration", "time-start", "from-dn", "to-no"],
    "credit_note_series": "C",
    "days": 3,
    "days_after_due_min": 3,
    "days_between_steps": 5,
    "days_to_pay_min": 5,
    "handover_min": "25.00",
    "handovers_at": "17:00",
    "hold_days_max": 366,
    "invoice_series": "F",
    "ladder": [
        {"step": "reminder", "counts_from": "due", "days": 3},
        {"step": "second_reminder", "counts_from": "due", "days": 10},
        {"step": "formal_notice", "counts_from": "invoice", "days": 45},
        {"step": "final_demand", "counts_from": "invoice", "days": 52},
        {"step": "bailiff", "counts_from": "invoice", "days": 60},
    ],
    "layouts": {"utrecht": {}},
    "letters_at": "10:00",
    "longest_term_days": 60,
    "never_suspended": ["domain"],
    "proposals_at": "08:00",
    "remainder_written_off_below": "1.00",
    "reversals": {"AM04": {"collects_again": True}, "AC04": {"blocks_mandate": True}, "AM05": {"is_our_mistake": True}},
    "run_day": 1,
    "run_deadline_hours": 24,
    "structural_misses": 3,
    "structural_months": 12,
    "subscription_minimum": "15.00",
    "support_minimum": "50.00",
    "suspension_claim_min": "25.00",
    "termination_days": 30,
    "test_series": "T",
    "vat_rates": ["0", "9", "21"],
    "warning_days": 7,
    "works_while_suspended": ["emergency calls", "incoming calls", "stored data"],
}
"""Settings of providers, by the name of the field."""
