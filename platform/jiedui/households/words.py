"""The words of a household's ledger as pages say them, and what of it is guarded."""

from jiedui.i18n import N_

FIELDS = {
    "region_code": N_("Village"),
    "name": N_("Name"),
    "identity": N_("Identity number"),
    "phone": N_("Telephone"),
    "born_on": N_("Born"),
    "ethnicity": N_("Ethnic group"),
    "schooling": N_("Schooling"),
    "health": N_("Health"),
    "husband_name": N_("Husband"),
    "husband_place": N_("Husband works in"),
    "away_since": N_("Away since"),
    "size": N_("People in the household"),
    "elders": N_("Elders of 60 and over"),
    "category": N_("Category"),
    "colour": N_("Risk colour"),
    "contact_way": N_("How she may be told"),
    "children": N_("Children"),
    "needs": N_("Needs"),
    "remark": N_("Remark"),
}
CONTACT_WAYS = {
    "sms": N_("May be texted"),
    "call": N_("May be called"),
    "village": N_("Through the village"),
    "letter": N_("By letter"),
    "none": N_("Nobody contacts her"),
}
HELPERS = {
    "paired": N_("Has a helper"),
    "proposed": N_("Being asked"),
    "none": N_("No helper yet"),
}
SORTS = {
    "village": N_("By village"),
    "colour": N_("Most urgent first"),
    "recent": N_("Latest changes first"),
}
GUARDED = ("name", "identity", "phone", "husband_name", "health", "children", "remark")
"""Fields that are masked or hidden; together they are the card that is opened for a purpose."""
PURPOSES = {
    "contact": N_("To contact the family"),
    "ledger": N_("To correct the ledger"),
    "pairing": N_("To arrange a pairing or a visit"),
    "safety": N_("For the safety of the family"),
}
"""What somebody opens a card for: a choice, so that the records hold no story about a person."""
