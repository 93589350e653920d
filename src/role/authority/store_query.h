/* Every statement of the authority; their text is in store_query.c, in this order. */
#ifndef ROLE_AUTHORITY_STORE_QUERY_H
#define ROLE_AUTHORITY_STORE_QUERY_H

enum { STORE_VERSION = 5 };

enum store_query {
	Q_BEGIN,
	Q_COMMIT,
	Q_ROLLBACK,
	Q_META_GET,
	Q_META_SET,

	Q_USER_BY_NAME,
	Q_USER_BY_ID,
	Q_USER_AFTER, /* next by name, for lists */
	Q_USER_ADD,
	Q_USER_CHANGE,
	Q_USER_LOCALE,
	Q_USER_ENABLE,
	Q_USER_REMOVE,
	Q_USER_SEEN,
	Q_USER_SESSIONS, /* how many are live */

	Q_GROUP_BY_NAME,
	Q_GROUP_AFTER,
	Q_GROUP_ADD,
	Q_GROUP_REMOVE,
	Q_GROUP_USERS, /* how many */
	Q_MEMBER_ADD,
	Q_MEMBER_REMOVE,
	Q_MEMBER_CLEAR,
	Q_MEMBER_GROUPS, /* names, of a user */
	Q_MEMBER_AFTER,	 /* users of a group, by name */
	Q_MEMBER_IDS,	 /* ids of users of a group */

	Q_FACTOR_KINDS,
	Q_FACTOR_AFTER,
	Q_FACTOR_GET,
	Q_FACTOR_OF_KIND,
	Q_FACTOR_BY_CREDENTIAL,
	Q_FACTOR_CREDENTIALS,
	Q_FACTOR_COUNT,
	Q_FACTOR_ADD,
	Q_FACTOR_SECRET,
	Q_FACTOR_SEALED, /* one kind, of everybody */
	Q_FACTOR_STEP,
	Q_FACTOR_USED,
	Q_FACTOR_REMOVE,
	Q_FACTOR_REMOVE_KIND,
	Q_FACTOR_RESET,
	Q_RECOVERY_ADD,
	Q_RECOVERY_USE,
	Q_RECOVERY_LEFT,
	Q_RECOVERY_CLEAR,

	Q_SESSION_ADD,
	Q_SESSION_BY_TOKEN,
	Q_SESSION_GET,
	Q_SESSION_LIVE, /* all, for boot and for looking over */
	Q_SESSION_OF_USER,
	Q_SESSION_OLDEST,
	Q_SESSION_OF_INVITE,
	Q_SESSION_END,
	Q_SESSION_SEEN,
	Q_SESSION_GENERATION,
	Q_SESSION_RAISE, /* other factors, bound anew */
	Q_SESSION_FULL,	 /* no longer enrolling */
	Q_SESSION_FACTORS,
	Q_SESSION_STALE, /* past their time */
	Q_SESSION_PURGE,
	Q_SESSION_APPS, /* applications entered */

	Q_TOKEN_ADD,
	Q_TOKEN_STATE,
	Q_TOKEN_RETIRE, /* the current ones of a session and application get their moment */
	Q_TOKEN_FRESH_N,
	Q_TOKEN_FRESH_CLEAR,
	Q_TOKEN_APPS,	/* entered, and allowed when that was looked at last */
	Q_TOKEN_DENIED, /* so it was found, or no longer */
	Q_TOKEN_DROP_ENDED,

	Q_INVITE_ADD,
	Q_INVITE_BY_HASH,
	Q_INVITE_GET,
	Q_INVITE_AFTER,
	Q_INVITE_USED,
	Q_INVITE_REMOVE,
	Q_INVITE_PURGE,

	Q_NETWORK_SEEN,
	Q_NETWORK_KNOWN,
	Q_NETWORK_PURGE,

	Q_LEVEL_ALL,
	Q_LEVEL_ADD,
	Q_LEVEL_CLEAR,

	Q_ALARM_OPEN, /* the open one of this action and object */
	Q_ALARM_ADD,
	Q_ALARM_MORE,
	Q_ALARM_COUNT_OPEN,
	Q_ALARM_COUNT,
	Q_ALARM_DROP, /* the one that was closed first */
	Q_ALARM_AFTER,
	Q_ALARM_GET,
	Q_ALARM_CLOSE,
	Q_DECOY_ADD,
	Q_DECOY_IS,
	Q_CANARY_ADD,
	Q_CANARY_GET,
	Q_CANARY_PURGE, /* all but the newest */
	Q_RETURN_HEAD,
	Q_RETURN_HEAD_SET,
	Q_RETURN_HEAD_CLEAR,
	Q_RETURN_ALL,
	Q_RETURN_ADD,
	Q_RETURN_CLEAR,
	Q_RETURN_OLD_SESSIONS, /* how many live ones began before */
	Q_WISH_ADD,
	Q_WISH_GET,
	Q_WISH_AFTER, /* open ones */
	Q_WISH_SAME,  /* an open one that asks for the same */
	Q_WISH_COUNT, /* how many are open */
	Q_WISH_TOLD,
	Q_WISH_END,
	Q_WISH_END_ALL, /* of this kind and name; empty name: all of this kind */
	Q_WISH_PURGE,
	Q_APPROVAL_ADD,
	Q_APPROVAL_AFTER,
	Q_KEY_SEEN,
	Q_KEY_NEW,
	Q_KEY_COUNT,
	Q_TOKEN_IN,    /* whether a user has entered an application in some live session */
	Q_TOKEN_USERS, /* how many users have */
	Q_INCIDENT_ADD,
	Q_INCIDENT_AFTER,
	Q_INCIDENT_COUNT,
	Q_INCIDENT_OPEN, /* how many are, and the newest */
	Q_INCIDENT_CLOSE,
	Q_INCIDENT_NOTE_ADD,
	Q_INCIDENT_NOTE_AFTER,
	Q_NOTICE_GET,
	Q_NOTICE_SET,
	QUERIES
};

extern const char *const store_query_text[QUERIES];

/* store_query_migrations - what makes version n + 1 out of version n; 0 is nothing */
extern const char *const store_query_migrations[STORE_VERSION];

#endif
