"""English prose by rules: what `derive` needs to cut a reference answer into claims. Pure, no model, no other language.

layout        bullets, headings and markup -> plain lines
lexicon       closed word lists, verb forms, stems
tagging       tokens and their parts of speech
sentence      a clause: its parts, and how to say it
coordination  "A does X and does Y" -> two clauses, each with its subject
pronouns      "it" and "they" -> what they stand for
clauses       a sentence -> its claims
listings      "methods include A, B and C" -> its items
"""
