"""A rule-based grammar of English prose that splits a reference answer into claims. Pure, without a model.

layout        bullets, headings and markup -> plain lines
lexicon       closed word lists, verb forms, stems
tagging       tokens and their parts of speech
sentence      parsing a sentence, the clause type, and text from tokens
coordination  "A does X and does Y" -> two clauses, each with its subject
pronouns      "it" and "they" -> their antecedents
clauses       a sentence -> its claims
listings      "methods include A, B and C" -> its items
"""
