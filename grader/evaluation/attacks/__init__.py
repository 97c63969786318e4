"""Attacks on a grader, built from a rubric and a good answer; nothing here grades. Pure and seeded, no model.

lists       closed word lists: opposites, numbers, quantifiers, synonyms
texts       what attacks say when they say nothing, and look-alike letters
flips       one change of one sentence; where words and clauses stand
edits       a sentence -> denied, turned around, weakened, with another number
roles       a sentence -> two of its parts exchanged
disguises   a text -> in other letters, another layout, another wording or with padding
facts       where a text makes a point, and the text with just that fact changed
cases       what an attacked answer is, and what must hold for its grade
families    cases that say nothing, too much, or the same in another way
falsehoods  cases that say something untrue
catalogue   the attacks C01 to C32
faults      rubrics and banks that must be refused (C35)
"""
