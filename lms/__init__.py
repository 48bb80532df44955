"""The training-course learning management module of DISRUPT; the door is lms/app.py."""
