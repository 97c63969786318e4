"""Texts without content, frames that assert nothing, and look-alike characters, for attacks.

All texts were written for this project.
"""

# --- letters --------------------------------------------------------------------------------------------

# Cyrillic letters that look like Latin ones.
LOOK_ALIKES = str.maketrans(
    "aceopxyiABEHKMOPTCX",
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0410\u0412\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0421\u0425",
)
FULLWIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
MATH_BOLD = (
    {ord("A") + i: 0x1D400 + i for i in range(26)}
    | {ord("a") + i: 0x1D41A + i for i in range(26)}
    | {ord("0") + i: 0x1D7CE + i for i in range(10)}
)
COMBINING = "\u0300\u0301\u0335\u0323\u036f\u0489"

# --- texts ----------------------------------------------------------------------------------------------

BLANKS = ("", " ", "\n\n\t", "...", ":", "?!", "\u2014")
SYMBOLS = ("\U0001f44d" * 20, "1234", "### $$$ %%% &&&", "42 100 % 3.14", "\u2713 \u2713 \u2713")
# Openings that make judges expect an answer, without one.
# Kinds as in Zhao et al. (2025), "One token to fool LLM-as-a-judge".
OPENERS = (
    "Thought process:",
    "Let's solve this problem step by step.",
    "Solution",
    "Answer:",
    "The answer is as follows.",
    "Let me think about this carefully.",
    "Lösung:",
    "Réponse :",
    "Respuesta:",
    "解答",
    "Ответ:",
)
PREFIXES = (
    "The correct answer is:",
    "As is well known and proven,",
    "Exactly right and complete:",
    "In summary, all points apply:",
    "It is generally accepted by all experts that",
    "none else",
    "Definition and explanation:",
)
EVERYDAY = tuple(
    """
    table window river orange morning walk quietly green seven garden under letter bread yesterday music often
    blue chair happy street running paper winter friend cold lamp slowly market early stone bridge laugh kitchen
    cloud between horse yellow dinner travel small open evening coat write ship doctor never water simple house
    almost farmer silver dance little north song around plate father picture round sleep village behind candle
    follow summer heavy
    """.split()
)
FILLER = (
    "This is a topic that comes up quite often in conversations.",
    "There are of course many different opinions about it.",
    "I would like to say a few more words before I come to an end.",
    "In my view it is worth taking one's time over such questions.",
    "People who have been around for some years will tell you much the same.",
    "It is a pleasure to be asked about this today.",
    "One could certainly fill a whole evening with stories about it.",
    "That said, every situation is a little bit special.",
    "Let me put it in plain words, so that everybody can follow.",
    "I remember that a colleague once asked me something very similar.",
    "We talked about it over lunch and had a good laugh.",
    "As so often in life, patience is a virtue here.",
    "I hope that this makes my position clear.",
    "Needless to say, I am always happy to explain more.",
    "This is what I would say if somebody stopped me in the corridor.",
    "Books have been written about it, and more will follow.",
    "At the end of the day, what counts is that everyone is on board.",
    "I could go on, but I do not want to take too much of your time.",
    "It goes without saying that good coffee helps as well.",
    "With that in mind, I feel confident about what I have said.",
    "Thank you very much for listening so kindly.",
    "My friends would probably describe it in quite a similar manner.",
)
ENCYCLOPAEDIA = (
    "The lighthouse stands on a rocky island off the western coast. It was built of granite blocks that were carried "
    "over from the mainland by barge. For a century its keepers lived in three small rooms below the lantern and rowed "
    "ashore every second week for bread and mail. Today the lamp is electric, and puffins nest in the old garden."
)
WEAK = "I have read about this once, but I cannot remember how it works in detail; it depends on the situation."
FOREIGN = (
    "Ein neuronales Netz wird trainiert, indem man den Fehler berechnet und die Gewichte Schritt für "
    "Schritt anpasst. Danach prüft man das Ergebnis mit neuen Daten.",
    "On entraîne un réseau de neurones en calculant l'erreur et en ajustant les poids pas à pas. Ensuite, "
    "on vérifie le résultat avec de nouvelles données.",
    "Una red neuronal se entrena calculando el error y ajustando los pesos poco a poco. Después se "
    "comprueba el resultado con datos nuevos.",
    "Сеть обучают, вычисляя ошибку и постепенно меняя веса.",
    "训练神经网络时，先计算误差，再逐步调整权重，最后用新数据检验结果。",
)

# --- frames ---------------------------------------------------------------------------------------------

# Sentences that hold a claim and do not make it. {p} is the claim within a sentence, {P} the same with a capital.
MYTHS = (
    "Many people believe that {p}, but that is a myth.",
    "It is a common mistake to think that {p}.",
    "{P}? That is simply not true.",
    "You will often hear that {p}. This has been refuted again and again.",
    "The claim that {p} does not stand up to any test.",
    "It used to be taught that {p}, which turned out to be wrong.",
    "Contrary to what beginners tend to write, it is not the case that {p}.",
)
HYPOTHESES = (
    "It would be convenient if {p}.",
    "Suppose for a moment that {p}; whether that is so would first have to be shown.",
    "If it were the case that {p}, my life would be easier.",
    "One could imagine a world in which {p}, but I am only playing with the thought.",
    "I wish somebody would prove that {p}.",
    "Let us pretend that {p}. I leave it to others to find out what is really the case.",
)
IRONIES = (
    "Oh sure, {p}, and pigs can fly.",
    "{P}, yeah, right.",
    "Of course {p}, and the moon is made of cheese.",
    "Next you will tell me that {p}. How very funny.",
    "{P}: the best joke that I have heard all week.",
    "And I am the Queen of Sheba if {p}.",
)
IGNORANCE = (
    "I don't know whether {p}.",
    "I can't remember if {p} or not.",
    "Is it the case that {p}? I really could not say.",
    "I never found out whether {p}.",
    "Somebody would have to explain to me whether {p}.",
    "I am not at all sure whether {p}; we skipped that part.",
    "Whether {p} is exactly what I forgot.",
)
QUOTATIONS = (
    "A website says \u201c{P}\u201d, but I neither agree nor disagree.",
    "My neighbour claims that {p}; I take no position on that.",
    "\u201c{P}\u201d: that is the first line on the poster in our corridor, whatever it may mean.",
    "Somebody wrote on the board that {p}. I only pass it on and vouch for nothing.",
    "According to my cousin, {p}. I would not bet on it.",
    "The exercise sheet asks us to discuss the sentence \u201c{P}\u201d, which I have not done.",
)
# {p} and what denies it, {q}.
BOTH_WAYS = (
    "Either {p}, or {q}; I would say it is one of the two.",
    "Maybe {p}, maybe {q}.",
    "In a way {p}, and then again {q}.",
    "Some would say that {p}, others that {q}, and all of them have a point.",
    "It may be that {p}, and it may just as well be that {q}.",
)
# {list} are terms, "A, B and C".
LISTS = (
    "Other things that matter are {list}.",
    "It all comes down to {list}.",
    "One also has to mention {list}.",
    "In this connection we should think of {list}, among other things.",
    "A complete answer would have to talk about {list}.",
    "What plays a role here is how one deals with {list}.",
)
ABSENCES = (
    "Our teacher talked about {list}, but I was ill.",
    "There was a whole week on {list}, which I missed.",
    "The lecture was about {list}, and I fell asleep after five minutes.",
    "I know that the chapter deals with {list}, but I never got round to reading it.",
    "My colleague once gave a talk on {list}; sadly I was on holiday.",
    "They went through {list} with us and I did not take in a word.",
)
# A denial that stands before, or after, what it is about.
FAR_DENIALS = (
    ("Everything that I write at the end of this answer is wrong.", "Everything that I wrote at the start is wrong."),
    ("None of the claims in my last sentences is true.", "None of the claims in my first sentences is true."),
    (
        "The last lines are what I used to believe, and they are false.",
        "The first lines are what I used to believe, and they are false.",
    ),
)
