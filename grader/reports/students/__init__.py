"""Grades by student: tables, what learning platforms take, and a page of feedback each."""
