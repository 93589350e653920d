/* The words. docs/alarms.md says the same at more length; a test compares the lists. */
#include "ipc/alarm_words.h"

#define WORDS(what, of, meaning, act)                                                              \
	{                                                                                          \
		.action = VIEW_INIT(what), .class = ALARM_##of, .means = (meaning), .first = (act) \
	}

static const struct alarm_words alarm_words_rows[] = {
	WORDS("canary.leaked", CANARY,
	      "A worker was about to send a secret of nobody that lies in its memory: a read out "
	      "of bounds. Nothing of that send has left, and the worker is stopped. What it sent "
	      "before may have had parts of its memory, without a canary in them.",
	      "Isolate what that listener serves, take the evidence while the process is frozen "
	      "(`sluis status`), end sessions, and look in the log for other requests of that "
	      "client."),
	WORDS("canary.presented", CANARY,
	      "Somebody has shown a token or a password that has never been given to anybody: it "
	      "was read in the memory of the process that is named, which has leaked without being "
	      "stopped.",
	      "Isolate, end all sessions, rotate secrets; `sluis audit reached` for that address."),
	WORDS("decoy.presented", CANARY,
	      "Somebody tried to log in as a user whose name exists in the store alone: the store, "
	      "or a copy of it, has been read.",
	      "Find out who could read DIR/authority and its backups; reset factors of all users."),
	WORDS("worker.frozen", CANARY,
	      "A process has leaked and is stopped and kept as evidence; another one has taken its "
	      "place.",
	      "Take the evidence, then `sluis alarms release PID`."),
	WORDS("sandbox.violation", SANDBOX,
	      "A process tried a system call that its list does not have, and was ended by the "
	      "kernel: code that is not ours ran in it, or a list lacks something.",
	      "Treat it as taken over until shown otherwise: look at what its clients sent "
	      "before."),
	WORDS("role.tampered", SANDBOX,
	      "A process had memory that is writable and executable, code of no file, or other "
	      "code "
	      "than when it was ready. It was ended; an edge is stopped and kept as evidence.",
	      "As sandbox.violation; take the evidence of a frozen edge (`sluis status`), and look "
	      "at the machine: a debugger does the same."),
	WORDS("ipc.violation", SANDBOX,
	      "A process said something on its channel that none of ours says, and was ended.",
	      "As sandbox.violation."),
	WORDS("ring.violation", SANDBOX,
	      "A worker wrote what is no record into its audit ring, which is not read any more.",
	      "As sandbox.violation; what it did since is not in the log."),
	WORDS("cell.refused", SANDBOX,
	      "A cell asked the authority what no cell asks, and was ended.",
	      "As sandbox.violation."),
	WORDS("sign.refused", SANDBOX,
	      "A process asked the signer for a signature that it does not give.",
	      "As sandbox.violation."),
	WORDS("role.crashed", CRASH, "A process ended by a fault, and was started anew.",
	      "Once may be a bug: report it. Over and over is somebody trying: isolate."),
	WORDS("cell.crashed", CRASH, "A cell, the process of one connection, ended by a fault.",
	      "As role.crashed; its client's address is in the record."),
	WORDS("role.storm", CRASH,
	      "A role ended ten times in ten seconds and is started every five seconds now.",
	      "Look at standard error and at what came before; isolate if strangers can cause it."),
	WORDS("role.started", OTHER,
	      "A role runs with weaker protection, as --allow-weaker allows.",
	      "Give the machine what the role's words ask for."),
	WORDS("audit.gap", AUDIT_GAP, "Access records were made faster than they could be written.",
	      "Look at the disk; if the load is an attack, limit it."),
	WORDS("audit.lost", AUDIT_GAP, "Events of a process did not fit into its ring.",
	      "As audit.gap."),
	WORDS("audit.write_failed", AUDIT_GAP, "The log could not be written for a while.",
	      "Look at the disk."),
	WORDS("audit.ship_failed", OTHER,
	      "A receiver of the log takes nothing; what it has not had waits on the disk.",
	      "Look at the receiver and the way to it; `sluis status`."),
	WORDS("audit.ship_gap", AUDIT_GAP, "Records never reached a receiver of the log.",
	      "They may still be in DIR/audit: copy them; raise log.audit_retention."),
	WORDS("audit.broken", AUDIT_GAP, "The chain of hashes of the log is broken at this place.",
	      "Keep the files as they are; `sluis audit verify`."),
	WORDS("audit.cut", AUDIT_GAP, "The log is shorter than what was signed of it.",
	      "Keep the files as they are; compare with what was shipped elsewhere."),
	WORDS("egress.refused", EGRESS,
	      "A process asked to be connected to a server that is not its own, or the kernel "
	      "refused a connection of the dialer's.",
	      "Treat the process as taken over; look at what its clients sent before."),
	WORDS("session.moved", SESSION_MOVE,
	      "A session's token came from another place or client than it was given to.",
	      "Ask the user. Two places at once: end the session, look for how it was copied."),
	WORDS("session.reuse", SESSION_MOVE,
	      "A token was shown again after its successor: two have it.",
	      "The session is ended; ask the user, and look for how it was copied."),
	WORDS("factor.copied", SESSION_MOVE, "A passkey's counter went back: there are two of it.",
	      "Disable the factor; ask the user."),
	WORDS("session.cut", OTHER,
	      "A session's end could not be stored; it is ended nevertheless.",
	      "Look at the disk of DIR/authority."),
	WORDS("recover.fell_back", OTHER,
	      "An application on its way back was closed again by itself: another alarm of "
	      "isolation.fallback_on was raised.",
	      "Look into that one, close both, and begin anew with `sluis recover plan`."),
	WORDS("recover.damaged", OTHER,
	      "What the store says of the return can't be understood: all applications in it are "
	      "closed.",
	      "Find out who or what wrote it; then `sluis recover plan`."),
	WORDS("isolation.unsaved", OTHER,
	      "A level holds, but could not be stored: after a restart it would not.",
	      "Look at the disk of DIR/authority; it is tried again by itself."),
	WORDS("isolation.orphaned", OTHER,
	      "A level was set on an application, zone or listener that the configuration has no "
	      "more under that name: it holds nothing back.",
	      "Set the level on what took its place, at once; `sluis history` says who changed "
	      "it."),
	WORDS("isolation.damaged", OTHER,
	      "The levels of isolation in the store can't be understood: everything is closed.",
	      "Say what shall hold: `sluis isolate`."),
	WORDS("failures.peak", FAILURES,
	      "Far more of something fails than in the minutes before: log-ins, handshakes, or "
	      "answers of servers.",
	      "Look who causes it: `sluis audit search --since 10m`."),
	WORDS("alarm.flood", OTHER,
	      "There were more alarms than are kept apart; they are in the audit log, all of them.",
	      "`sluis audit search --kind alarm`; close what is dealt with."),
};

enum { ALARM_ROWS = sizeof alarm_words_rows / sizeof alarm_words_rows[0] };

const struct alarm_words *alarm_words_of(struct view action)
{
	static const struct alarm_words unknown =
		WORDS("", OTHER, "This version has no words for it.",
		      "Look at its record: `sluis audit search --kind alarm`.");

	for (size_t i = 0; i < ALARM_ROWS; i++)
		if (view_eq(alarm_words_rows[i].action, action))
			return &alarm_words_rows[i];
	return &unknown;
}

const char *alarm_words_class(enum alarm_class class)
{
	static const char *const names[ALARM_CLASSES] = {
		[ALARM_CANARY] = "canary",	 [ALARM_SANDBOX] = "sandbox_violation",
		[ALARM_AUDIT_GAP] = "audit_gap", [ALARM_CRASH] = "crash",
		[ALARM_EGRESS] = "egress",	 [ALARM_SESSION_MOVE] = "session_move",
		[ALARM_FAILURES] = "failures",	 [ALARM_OTHER] = "other"
	};

	return names[class < ALARM_CLASSES ? class : ALARM_OTHER];
}
