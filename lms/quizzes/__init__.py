"""What one answers: quizzes, attempts and their grading."""
