"""Question formats with a name: GIFT, Moodle XML, QTI 2.x, flash cards. Each reader returns a `ParsedPage`."""
