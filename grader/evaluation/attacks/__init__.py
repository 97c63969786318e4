"""Attacks on a grader, built from a rubric and a good answer; nothing here grades. Pure and seeded, no model.

word_lists      closed word lists: opposites, numbers, quantifiers, synonyms
attack_texts    answers without content, padding, frames that assert nothing, look-alike letters
sentence_edits  a sentence -> negated, reversed, weakened, with another number
role_swap       a sentence -> two of its parts exchanged
surface_edits   a text -> in other letters, another layout, another wording or with padding
fact_edits      where a text states a point, and the text with just that fact changed
point_texts     a rubric's points as parts of sentences, turned around, exchanged, their terms
cases           what an attack and an attacked answer are, and what must hold for the grade
form_cases      cases without content, with too much, or with the same content in another form
fact_cases      cases that state something untrue
frame_cases     cases with the words of points and no claim
answer_cases    whole answers that are wrong, half wrong or better than others
catalogue       the attacks C01 to C32 and C36 to C49
faulty_files    rubrics and banks that must be refused (C35)
"""
