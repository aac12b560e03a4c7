"""One folder a paper: what differs from other studies, and all that only its reports use. Found by the folder."""
