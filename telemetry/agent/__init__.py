"""The process on an instrument computer: it lists files and sends what is new in them, by HTTPS.

It knows no Django, no database and no schema: the archive decodes. All it has to remember the archive tells it.
"""
