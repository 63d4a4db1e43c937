"""What hangs on a module beside its tariff: options (CON-5, CON-9) and the subjects whose use is its own (USE-2)."""

from collections.abc import Sequence
from datetime import date, timedelta

from termijn.contracts.end_date import ChosenEnd, Notice, choose_end
from termijn.contracts.errors import EndsBefore, ManagerOnly
from termijn.contracts.module_commands import AddOption, AssignSubject, ReleaseSubject, RemoveOption
from termijn.contracts.module_state import AwaitingDelivery, Live, Option, Running, TariffFrom
from termijn.events.contracts import OptionAdded, OptionRemoved, SubjectAssigned, SubjectReleased
from termijn.kernel.calendar import at, day_of
from termijn.kernel.errors import Conflict, InvalidInput, NotFound
from termijn.kernel.ids import ArticleId, ModuleId
from termijn.kernel.notice import NONE
from termijn.kernel.subject import accepted_subject
from termijn.kernel.tariff import Tariff

SUBJECTS_MAX = 2_000
"""Subjects that one module owns at a time: a large telephone exchange; its state stays some 100 KiB."""
OPTION_QUANTITY_MAX = 100_000
_DAY = timedelta(days=1)


def add_option(command: AddOption, state: Live) -> Sequence[OptionAdded | OptionRemoved]:
    """An article marked as option, by a manager (CON-9); adding it again with another quantity changes the quantity."""
    if not command.is_manager:
        raise ManagerOnly(reason="add options")
    if not 1 <= command.quantity <= OPTION_QUANTITY_MAX:
        raise InvalidInput(field="quantity", reason=f"is between 1 and {OPTION_QUANTITY_MAX}")
    from_on = command.from_on or day_of(command.now)
    if not _is_option(state.terms.tariff_on(from_on), command.article_id):
        raise InvalidInput(field="article_id", reason=f"{command.article_id} is not an option of the module's tariff")
    present = state.terms.options.get(command.article_id)
    if present is not None and present.ends_on is not None and present.ends_on >= from_on:
        raise InvalidInput(field="from_on", reason=f"the option is there until {present.ends_on}")
    if present is not None and present.ends_on is None and _is_so(present, command.quantity, from_on):
        return []
    if isinstance(state, Running) and state.ending is not None and from_on > state.ending.ends_on:
        raise EndsBefore(field="from_on", ends_on=state.ending.ends_on, from_on=from_on)
    added = OptionAdded(
        module_id=command.module_id, article_id=command.article_id, quantity=command.quantity, from_on=from_on, channel=command.channel
    )
    return [added, *_lost_again(added, state)]


def _is_so(present: Option, quantity: int, from_on: date) -> bool:
    """Whether it is there in that quantity from that day on, whatever is planned."""
    then = present.on(from_on)
    return then is not None and then.quantity == present.quantity == quantity


def _lost_again(added: OptionAdded, state: Live) -> list[OptionRemoved]:
    """A tariff that was agreed for a later day may not have it: then it ends with the one that does (CON-9)."""
    lacking = _first_lacking(state, added.article_id, since=added.from_on)
    if lacking is None:
        return []
    return [
        OptionRemoved(
            module_id=added.module_id,
            article_id=added.article_id,
            ends_on=lacking - _DAY,
            channel=added.channel,
            explanation="the new tariff does not have this option",
        )
    ]


def _first_lacking(state: Live, article_id: ArticleId, *, since: date) -> date | None:
    """The first day from that one on with a tariff that does not have the option."""
    if not _is_option(state.terms.tariff_on(since), article_id):
        return since
    return next((one.from_on for one in state.terms.tariffs if one.from_on > since and not _is_option(one.tariff, article_id)), None)


def _is_option(tariff: Tariff, article_id: ArticleId) -> bool:
    article = tariff.article(article_id)
    return article is not None and article.is_option


def remove_option(command: RemoveOption, state: Live) -> Sequence[OptionRemoved]:
    """It ends by its own notice rule, apart from the tariff (CON-5); without one, by the tariff's. A manager may pick any day."""
    if not command.is_manager:
        raise ManagerOnly(reason="remove options")
    option = state.terms.options.get(command.article_id)
    if option is None:
        raise NotFound(what="option", id=command.article_id)
    if option.ends_on is not None and command.ends_on in (None, option.ends_on):
        return []
    end = option_end(command, state, option)
    lacking = _first_lacking(state, command.article_id, since=option.from_on)
    if lacking is not None and end.ends_on >= lacking:
        raise InvalidInput(field="ends_on", reason=f"the tariff from {lacking} on does not have this option")
    return [
        OptionRemoved(
            module_id=command.module_id,
            article_id=command.article_id,
            ends_on=end.ends_on,
            channel=command.channel,
            explanation=end.explanation,
            returns_paid_ahead=command.is_consumer,
        )
    ]


def option_end(command: RemoveOption, state: Live, option: Option) -> ChosenEnd:
    """The last day of an option after notice today: by its own rule, counted from when it was added, else by its tariff's (CON-5).

    What is there before the module starts counts from that start (CAT-25).
    """
    today = day_of(command.now)
    tariff = state.terms.tariff_on(today)
    article = tariff.article(command.article_id)
    own_rule = article.notice if article is not None else None
    planned: tuple[TariffFrom, ...] = ()
    if isinstance(state, AwaitingDelivery):
        rule, counts_from, whose = NONE, option.counts_from, "no term runs before the delivery"
    elif own_rule is not None:
        rule, counts_from, whose = own_rule, max(option.counts_from, state.starts_on), "the option has a notice rule of its own"
    else:
        rule, counts_from, whose = tariff.notice, state.counts_from(today), "the option ends by the rule of its tariff"
        planned = state.new_terms_after(today)
    notice = Notice(
        rule=rule,
        counts_from=counts_from,
        given=today,
        is_telecom=tariff.is_telecom,
        is_consumer=command.is_consumer,
        planned=planned,
    )
    end = choose_end(notice, asked=command.ends_on, is_manager=True)
    return ChosenEnd(ends_on=end.ends_on, explanation=f"{whose}; {end.explanation}")


def assign_subject(command: AssignSubject, state: Live) -> Sequence[SubjectAssigned]:
    """A number, extension or workplace belongs to this module from an instant (USE-2), by a manager.

    That it belongs to no other module then is checked by the caller, and kept by the exclusion constraint of ``subject_owner``.
    """
    if not command.is_manager:
        raise ManagerOnly(reason="assign subjects")
    subject = accepted_subject(command.subject)
    since = state.terms.subjects.get(subject)
    if since is not None:
        if since == command.from_at:
            return []
        raise Conflict(field="subject", reason=f"{subject} belongs to this module since {since.isoformat()}.")
    if len(state.terms.subjects) >= SUBJECTS_MAX:
        raise InvalidInput(field="subject", reason=f"a module has at most {SUBJECTS_MAX} subjects at a time")
    if isinstance(state, Running) and state.ending is not None and day_of(command.from_at) > state.ending.ends_on:
        raise EndsBefore(field="from_at", ends_on=state.ending.ends_on, from_on=day_of(command.from_at))
    return [SubjectAssigned(module_id=command.module_id, subject=subject, from_at=command.from_at)]


def release_subject(command: ReleaseSubject, state: Live) -> Sequence[SubjectReleased]:
    """It is free for another module from ``until_at`` on."""
    if not command.is_manager:
        raise ManagerOnly(reason="release subjects")
    subject = accepted_subject(command.subject)
    since = state.terms.subjects.get(subject)
    if since is None:
        raise NotFound(what="subject", id=subject)
    if command.until_at < since:
        raise InvalidInput(field="until_at", reason=f"is before {since.isoformat()}, when the module got it")
    return [SubjectReleased(module_id=command.module_id, subject=subject, until_at=command.until_at, channel=command.channel)]


def release_all(module_id: ModuleId, state: Live, last_day: date) -> list[SubjectReleased]:
    """All its subjects, from the day after its last; one that was to come later never comes, and one that was to go later goes then.

    What it was to have last is released first: listeners that know a subject without its time take a release to end all after it.
    """
    free_at = at(last_day + _DAY, "00:00")
    to_go = [one for one in reversed(state.terms.released) if one.until_at > max(one.from_at, free_at)]
    owned = [*sorted(state.terms.subjects.items()), *((one.subject, one.from_at) for one in to_go)]
    return [SubjectReleased(module_id=module_id, subject=subject, until_at=max(since, free_at)) for subject, since in owned]
