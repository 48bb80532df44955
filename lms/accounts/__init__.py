"""Who someone is: accounts, sign-in, sessions, invitations."""
