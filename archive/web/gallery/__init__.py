"""The gallery of public colour pictures: for classrooms, and for whoever likes to look."""
