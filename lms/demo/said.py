"""What the invented people of the sample year vote, decide, write and think in its two live exercises."""

from datetime import date

from lms.exercises.thoughts import About

# --- Brussels, “Three cities” ----------------------------------------------------------------------------------

FIRST_VOTE = {"where": 7, "messages": 9, "states": 4, "voice": 2}  # what must not wait, and how many think so
SECOND_VOTE = {"where": 16, "messages": 2, "states": 2, "voice": 3}
BOY = {"suspect": 3, "victim-first": 14, "witness": 2, "nothing": 2}
PRESS = {"nothing": 20, "first-name": 2, "photo": 1}
STEPS = (  # orders in which the first steps were put
    ("alert", "siena", "log", "ring", "contact"),
    ("alert", "log", "ring", "siena", "contact"),
    ("log", "alert", "ring", "siena", "contact"),
    ("ring", "alert", "log", "siena", "contact"),
    ("contact", "alert", "siena", "ring", "log"),
)

# By question, each team's versions in order: option, reason, owner.
Versions = tuple[tuple[str, str, str], ...]
DECIDED: dict[str, dict[str, Versions]] = {
    "mailbox": {
        "team-1": (
            ("preserve", "Other children use this mailbox too, so the carer cannot agree for all of them. The ticket "
             "is enough for tonight, and the provider can keep the rest.", "Forensic and data officer"),
        ),
        "team-2": (
            ("read-on", "She is fifteen and has been gone for two days.", "Police"),
            ("preserve", "We stop at the ticket. What we need tonight stands in it, and the prosecutor has the rest "
             "preserved.", "Prosecution"),
        ),
        "team-3": (
            ("carer-reads", "It is the home’s own mailbox, and the carer reads it every day.", "Victim support"),
        ),
        "team-4": (
            ("preserve", "Whoever looks now changes what is marked as read. We photograph the screen, write down who "
             "saw what and when, and leave the machine as it is.", "Police"),
        ),
        "team-5": (
            ("close", "Nobody at this table knows under which rule we may look, so nobody looks before the judge has "
             "decided.", "Judiciary"),
        ),
    },
    "how-old": {
        "team-1": (
            ("child", "We do not know her age, and the description gives reasons to believe that she is a child. Her "
             "guardian is rung first.", "Guardian"),
        ),
        "team-2": (
            ("child", "If we are wrong, an adult has slept in a safe place. The other way round a child has not.",
             "Victim support"),
        ),
        "team-3": (("if-talks", "We need something from her that we can act on.", "Police"),),
        "team-4": (
            ("child", "Age unknown, and reasons to believe that she is under eighteen. What she says about herself may "
             "have been told to her.", "Victim support"),
        ),
        "team-5": (("until-exam", "Her word stands until somebody has examined her.", "Judiciary"),),
    },
    "which-order": {
        "team-1": (
            ("keep-and-identify", "The prosecutor can sign both of these now. The messages go to the judge, with the "
             "fact of 18:30 and its source.", "Prosecution"),
        ),
        "team-2": (
            ("keep-and-identify", "Keep first, so that nothing is lost while the judge reads.", "Prosecution"),
        ),
        "team-3": (
            ("all-prosecutor", "The messages say where she will be tonight.", "Prosecution"),
            ("keep-and-identify", "Our judge would not let it pass: content needs her signature. So we keep everything "
             "and ask who is behind the account.", "Prosecution"),
        ),
        "team-4": (
            ("keep-and-identify", "An account that is identified leads us to a person tonight; the messages can wait "
             "for the judge as long as nobody deletes them.", "Police"),
        ),
        "team-5": (("eio", "It is the form that we know, and Brenta’s authorities know us.", "Prosecution"),),
    },
    "corva": {
        "team-1": (
            ("info-now", "Whoever is in the flat may need help now. The order brings the evidence, and it can follow.",
             "Police"),
        ),
        "team-2": (("info-now", "Two roads at once: facts by SIENA, evidence by the order.", "Police"),),
        "team-3": (("eio-only", "A search needs an order, and we want to use what is found.", "Prosecution"),),
        "team-4": (
            ("info-now", "They decide on the spot, under their own law. We tell them that a child may be there and "
             "that ringing the bell may warn him.", "Police"),
        ),
        "team-5": (("jit-first", "Three States, one file: then nobody asks for the same thing twice.", "Prosecution"),),
    },
}  # fmt: skip

SENTENCES = {  # by role: said to her, or about her
    "police": (
        "A man arranged a ticket for her; we look for him, and we look after her.",
        "She was seen at noon at the bus station, frightened and without papers; the source is the organisation there.",
        "You have done nothing wrong by sitting here.",
        "Nobody in uniform goes to the bench before the worker says that it is safe.",
        "A girl who may be fifteen is being waited for by somebody whom we do not know yet.",
    ),
    "prosecutor": (
        "For a child an act and a purpose are enough: I need no proof that he forced her.",
        "She is to be treated as a child until her age is known, and I note why.",
        "An adult wrote to her for weeks and bought the ticket; that is where my file begins.",
        "Whatever she says tonight, nobody decides anything about her on that alone.",
    ),
    "judge": (
        "There are reasons to believe that she is a child, and I have read which.",
        "Her age is uncertain; until it is settled she has the rights of a child.",
        "I would like to hear how she is before I hear what she knows.",
        "Do not bring her to me tonight: let her sleep.",
    ),
    "support": (
        "You don’t have to tell me anything; I stay here with you.",
        "I can’t promise to keep that to myself, and I will tell you before I tell anybody else.",
        "Would you like something to eat first, or shall we go in where it is warm?",
        "What would help you most in the next hour?",
        "She asks for secrecy because somebody taught her to be afraid.",
    ),
    "forensic": (
        "Nobody asks her for her telephone tonight.",
        "What we know of her stands in one log, with its source, and in no chat.",
        "Her messages are kept where they are; we need none of them to keep her safe.",
    ),
}
THREATS = (
    "18:30, Chatta to Brenta, passed on to us: messages to her account say that she travels tonight.",
    "Notice of Chatta’s safety team, received in Brenta, 18:30: “will travel tonight”. Text itself not seen by us.",
    "18:30, provider through Brenta. Child missing for two days, 15. Journey announced for tonight.",
    "She is in danger tonight.",
    "Seen at noon in Brenta; at 18:30 the provider reports that she is to travel on tonight.",
    "Source: Chatta, 18:30, through Brenta’s authorities. Fact: travel tonight. Our conclusion: she may be moved on.",
    "17:30 a worker sees her; 17:50 “somebody is waiting for her”; 18:30 Chatta: travel tonight.",
    "A provider suspects a threat to her safety (18:30). What it rests on has been asked for.",
    "The messages of tonight, as Chatta describes them to Brenta at 18:30; not read by this office.",
    "18:30: Chatta informs Brenta of a suspected threat to a child; Brenta passes it on to Alba.",
    "Reported by the provider at 18:30: departure planned for tonight. Last seen 17:50 by the worker on the bench.",
    "Tonight, says the provider; it has seen the messages and we have not.",
)
THOUGHTS = {
    About.WORKED: (
        "Five professions at one table: the judge stopped us before we did something silly.",
        "Nobody could see what the others voted, so everybody thought first.",
        "That the consequence came only to the tables that had earned it.",
        "The clocks. I had never seen them side by side.",
        "Enough time to write down a reason.",
    ),
    About.CHANGE: (
        "More time for the boy.",
        "Two guardians at one table and none at the next: mix us better.",
        "Print the roles; I forgot mine.",
        "I could not read the screen from the back row.",
    ),
    About.WILL_DO: (
        "Find out tomorrow who in my office answers at 18:30 on a Friday.",
        "Ring our data officer before I open anything.",
        "Ask for the article when somebody says “with us it is different”.",
        "Write facts and conclusions on two different lines.",
        "Visit the shelter whose number I give to people.",
        "Put the guardian’s number into my telephone.",
    ),
}
LESSONS = (  # what it taught, who sees to it, until when
    ("Every service writes down who is rung when a mailbox or a telephone is found open, day and night.",
     "Data officers of the services", date(2024, 12, 1)),
    ("The list of who may sign which order, and when they can be reached, hangs in every duty room.",
     "Prosecution", date(2024, 11, 15)),
    ("Nobody plans a meeting with a child without asking first whether it would warn somebody.",
     "Police and victim support together", date(2025, 2, 12)),
    ("A boy with several phones is looked at as a possible victim first: to be played once more in Vienna.",
     "Trainers", date(2025, 2, 12)),
)  # fmt: skip

# --- Vienna, “Sixty days, eight hours” -------------------------------------------------------------------------

SIGNED_FIRST: dict[str, Versions] = {
    "team-1": (
        ("preserve", "Nubila deletes tonight. The prosecutor may order that everything is kept, and she is on the "
         "telephone now.", "Prosecution"),
    ),
    "team-2": (
        ("telephone", "It is quickest.", "Police"),
        ("preserve", "A call binds nobody. The order goes out now, and we ring as well to say that it is coming.",
         "Prosecution"),
    ),
    "team-3": (
        ("content-now", "What she was told tonight is what we need.", "Police"),
    ),
    "team-4": (
        ("preserve", "One paper that we can sign is better than two that we cannot. The judge’s request is drafted "
         "meanwhile.", "Prosecution"),
    ),
}  # fmt: skip
EMERGENCIES = (
    "17:05 by the telephone’s clock, zone not shown; seen by us at 17:30 on a friend’s telephone; sent by the handle "
    "in the tip. It can be read as a threat for tonight.",
    "A friend came at 17:30 of her own accord and showed a message of 17:05 from the same handle. Sam’s whereabouts: "
    "unknown.",
    "Message from the handle of the tip, received 17:05 (to be checked), read by the officer at 17:30: harm to Sam "
    "tonight is possible.",
    "We believe that Sam will be hurt tonight.",
)
