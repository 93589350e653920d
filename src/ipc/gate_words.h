/*
 * Words that every part of the gateway uses: factors, verdicts, reasons. Nothing here is stored in
 * an image or sent by anybody but under these numbers; they only grow.
 */
#ifndef IPC_GATE_WORDS_H
#define IPC_GATE_WORDS_H

/* What a person has shown; bits. */
enum gate_factor {
	GATE_PASSWORD = 1,
	GATE_TOTP = 2,
	GATE_PASSKEY = 4,
	GATE_RECOVERY = 8,    /* a recovery code: stands for totp, until used up */
	GATE_CERTIFICATE = 16 /* the client's, in TLS */
};

/* What the authority says of a token, or of a wish. */
enum gate_verdict {
	GATE_OK = 1,
	GATE_NONE,     /* no such session: log in */
	GATE_STEP_UP,  /* more factors are asked for than the session has */
	GATE_DENIED,   /* logged in, and not allowed: reason says by what */
	GATE_MISMATCH, /* the session belongs to another network or client: a factor again */
	GATE_ENDED,    /* it was ended: by a person, by theft, by its age */
	GATE_OTHER,    /* this connection is another user's: use one of your own */
	GATE_ENROL,    /* an invited person who has not enough factors yet */
	GATE_ISOLATED, /* a level of isolation holds it back (promise P8) */
	GATE_WAIT,     /* the application returns, and lets in no more people just now */
	GATE_VERDICTS
};

/* Why something was refused; the portal has a sentence for each. */
enum gate_reason {
	GATE_WHY_NOTHING = 0,
	GATE_WHY_WRONG,	  /* password, code or key: one word for all, and for unknown accounts */
	GATE_WHY_WAIT,	  /* too many tries: wait_s */
	GATE_WHY_EXPIRED, /* link, code or log-in took too long */
	GATE_WHY_USED,	  /* link or code was used before */
	GATE_WHY_LAST,	  /* the last factor that log-in needs can't be removed */
	GATE_WHY_WEAK,	  /* the password is too short, or is the user's name */
	GATE_WHY_NAME,	  /* a name that is taken, or is none */
	GATE_WHY_ATTESTATION, /* the key could not be verified */
	GATE_WHY_POLICY,      /* the application's rules */
	GATE_WHY_BUSY,	      /* no room now */
	GATE_WHY_UNKNOWN,     /* no such thing */
	GATE_WHY_FRESH,	      /* needs a factor shown in the last minutes */
	GATE_WHY_INVITE,   /* a factor of a kind that this session has not shown: by invitation */
	GATE_WHY_ISOLATED, /* a level of isolation: nobody new is let in */
	GATE_REASONS
};

/* Of a session, as a cell is told; bits. */
enum gate_session_flag {
	GATE_WANTS_ROTATION = 1, /* give it a fresh token with the next answer */
	GATE_IS_ENROLLING = 2	 /* by invitation: may do nothing but enrol */
};

enum {
	GATE_USER_MAX = 64,	/* bytes of a user's name: lower case, [a-z0-9._-] */
	GATE_TITLE_MAX = 128,	/* ... of a name for people, UTF-8 */
	GATE_GROUPS_MAX = 1024, /* names of groups, one per line */
	GATE_PASSWORD_MIN = 12, /* characters (NIST SP 800-63B §5.1.1 asks for 8 at least) */
	GATE_PASSWORD_MAX = 1024,
	GATE_JWT_MAX = 3072,
	GATE_CREDENTIAL_MAX = 1023, /* WebAuthn §4: credential id */
	GATE_ATTESTATION_MAX = 2600,
	GATE_CLIENT_DATA_MAX = 512,
	GATE_AUTH_DATA_MAX = 512,
	GATE_KEY_MAX = 600 /* DER or COSE of a credential's public key */
};

#endif
