/**
 * Every time-out, size, count and lifetime of the product, each with its unit in its name.
 */
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const KIBIBYTE = 1_024;
const MEBIBYTE = 1_024 * KIBIBYTE;

// Outside connections
export const METADATA_TIMEOUT_MS = 10 * SECOND_MS;
export const TOKEN_REQUEST_TIMEOUT_MS = 20 * SECOND_MS;
export const METADATA_MAX_BYTES = 256 * KIBIBYTE;
export const JSON_MAX_DEPTH = 32;
export const METADATA_MAX_REDIRECTS = 3;
/** All places of one discovery together: with the probe before it, less than hosts wait for a call. */
export const DISCOVERY_TOTAL_MS = 3 * METADATA_TIMEOUT_MS;
export const CHALLENGE_MAX_BYTES = 8 * KIBIBYTE;
export const RETRY_AFTER_MAX_SECONDS = 300;
export const AUTHORIZATION_SERVERS_MAX = 5;
export const SCOPES_SUPPORTED_MAX = 500;
export const ADDRESS_CLASSES_KEPT_MAX = 200;

// Upstream MCP servers
export const UPSTREAM_CONNECT_TIMEOUT_MS = 20 * SECOND_MS;
export const UPSTREAM_REQUEST_TIMEOUT_MS = 60 * SECOND_MS;
export const UPSTREAM_CALL_MAX_TOTAL_MS = 60 * MINUTE_MS;
export const UPSTREAM_MESSAGE_MAX_BYTES = 10 * MEBIBYTE;
export const UPSTREAM_SEARCH_CONNECT_TIMEOUT_MS = 10 * SECOND_MS;
export const LIST_MAX_PAGES = 100;
export const TOOLS_MAX = 5_000;
export const PROMPTS_MAX = 1_000;
export const RETIRED_CONNECTION_POLL_MS = SECOND_MS;
export const UPSTREAM_IDLE_CLOSE_MS = 10 * MINUTE_MS;
export const TOOL_LIST_MIN_INTERVAL_MS = SECOND_MS;
/** Of a server that neither says how long its list lasts nor promises to tell of changes. */
export const TOOL_LIST_MAX_AGE_MS = 5 * MINUTE_MS;
export const UPSTREAM_JSON_MAX_DEPTH = 256;
export const UPSTREAM_ERROR_MAX_BYTES = 64 * KIBIBYTE;
export const UPSTREAM_SESSION_END_TIMEOUT_MS = SECOND_MS;
/** Bounds of the pause that a server asks for before its event stream is opened again. */
export const STREAM_REOPEN_MIN_MS = 100;
export const STREAM_REOPEN_MAX_MS = 5 * MINUTE_MS;
/** How long an event stream may stay open behind its answer, so that its connection serves the next call. */
export const EXCHANGE_END_GRACE_MS = SECOND_MS;

// Upstream servers that are programs
/** Room for a package runner that fetches the server first. */
export const SUBPROCESS_CONNECT_TIMEOUT_MS = 30 * SECOND_MS;
/** Together below SHUTDOWN_GRACE_MS: whoever waits for us waits for our children as well. */
export const SUBPROCESS_STDIN_END_WAIT_MS = 300;
export const SUBPROCESS_TERM_WAIT_MS = 500;
export const SUBPROCESS_KILL_WAIT_MS = 200;
export const SUBPROCESS_GROUP_POLL_MS = 10;
/** How long the pipe of a process that has ended is read on, where another process holds it open. */
export const SUBPROCESS_OUTPUT_WAIT_MS = 500;
/** Starts of processes that ended by themselves, until one more has to wait. */
export const SUBPROCESS_FAILED_STARTS_MAX = 5;
export const SUBPROCESS_FAILED_STARTS_WINDOW_MS = MINUTE_MS;
/** Of a server's standard error in our log: one line, and all of one process. */
export const SUBPROCESS_LOG_LINE_MAX_BYTES = 8 * KIBIBYTE;
export const SUBPROCESS_LOG_MAX_BYTES = 256 * KIBIBYTE;

// Questions of servers to the user, through the host
/** How long a host may take to answer without a sign of life: people think. */
export const HOST_ANSWER_TIMEOUT_MS = 10 * MINUTE_MS;
export const HOST_ANSWER_MAX_TOTAL_MS = 60 * MINUTE_MS;
/** Open at once, of one connection or of one round. */
export const HOST_REQUESTS_MAX = 16;
export const INPUT_ROUNDS_MAX = 10;
/** Of a server that asks only for time. */
export const INPUT_ROUND_PAUSE_MS = 250;
/** Calls that wait in memory for the next request of a 2026-07-28 host. */
export const SUSPENDED_CALLS_MAX = 32;
export const SUSPENDED_CALL_TTL_MS = 10 * MINUTE_MS;
export const INPUT_STATE_TTL_MS = 60 * MINUTE_MS;
export const INPUT_STATE_MAX_LENGTH = 256 * KIBIBYTE;
export const ELICITATION_MESSAGE_MAX_LENGTH = 2_000;
export const ELICITATION_IDS_KEPT_MAX = 100;
export const LOG_LEVEL_TIMEOUT_MS = 5 * SECOND_MS;
export const LOGGER_NAME_MAX_LENGTH = 100;

// Authorization
export const PENDING_AUTHORIZATION_TTL_MS = 10 * MINUTE_MS;
export const LAUNCH_TOKEN_TTL_MS = 10 * MINUTE_MS;
/** How long the accounts page stays open in the browser that opened it. */
export const ACCOUNTS_PAGE_TTL_MS = 60 * MINUTE_MS;
export const DPOP_NONCE_MAX_LENGTH = 2_048;
/** Servers whose last nonce is remembered. */
export const DPOP_NONCES_KEPT_MAX = 200;
/** Of a pushed authorization request that does not say how long it lasts (RFC 9126 section 2.2). */
export const PUSHED_REQUEST_DEFAULT_LIFETIME_SECONDS = 60;
export const PUSHED_REQUEST_MAX_LIFETIME_SECONDS = PENDING_AUTHORIZATION_TTL_MS / SECOND_MS;
export const PUSHED_REQUEST_URI_MAX_LENGTH = 2_048;
/** It is pushed anew when less than a quarter of its lifetime, and less than this, is left. */
export const PUSHED_REQUEST_RENEW_AHEAD_MS = 15 * SECOND_MS;
export const PUSHED_REQUEST_RENEW_AHEAD_FRACTION = 0.25;
/** Holds one push, and its repetition with another authentication method. */
export const PUSH_LEASE_MS = 3 * METADATA_TIMEOUT_MS;
export const STATE_BYTES = 32;
export const STEP_UP_MAX_REQUESTS = 3;
export const STEP_UP_WINDOW_MS = 10 * MINUTE_MS;
/** Tools whose success since a sign-in is remembered; of more, the oldest count as not called. */
export const STEP_UP_OPERATIONS_MAX = 100;
/** Longest lifetime believed of an access token. */
export const ACCESS_TOKEN_MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3_600;
/** A refresh is due when less than a quarter of the lifetime and less than this is left. */
export const REFRESH_AHEAD_MS = 5 * MINUTE_MS;
/** In the background, for servers that this process has used: they stay connected though nobody calls them. */
export const BACKGROUND_REFRESH_AHEAD_MS = 10 * MINUTE_MS;
export const BACKGROUND_REFRESH_INTERVAL_MS = MINUTE_MS;
/** After one failed the next waits twice as long each time, up to this. */
export const BACKGROUND_REFRESH_RETRY_MAX_MS = 30 * MINUTE_MS;
/** So many at most at one look, however many are due. */
export const BACKGROUND_REFRESHES_MAX = 20;
export const REFRESH_AHEAD_LIFETIME_FRACTION = 0.25;
/** How long a call waits for a refresh while the token in hand is still good. */
export const REFRESH_AHEAD_WAIT_MS = 5 * SECOND_MS;
/** Old access tokens remembered for each connection, so that a slow call does not bring one back. */
export const REPLACED_TOKENS_MAX = 16;
export const CLIENT_ID_MAX_LENGTH = 2_048;
export const CLIENT_SECRET_MAX_LENGTH = 8 * KIBIBYTE;
export const AUTHORIZATION_CODE_MAX_LENGTH = 16 * KIBIBYTE;
/** Of an authorization server, and of an issuer identifier; what is longer is shown nowhere. */
export const ENDPOINT_URL_MAX_LENGTH = 2_048;
export const SCOPE_TOKEN_MAX_LENGTH = 256;
export const SCOPE_MAX_LENGTH = 8 * KIBIBYTE;
export const TOKEN_MAX_LENGTH = 64 * KIBIBYTE;
/** Of an assertion that a client authenticates with: one request, and clocks that differ a little. */
export const CLIENT_ASSERTION_LIFETIME_SECONDS = 60;

/** Longest lifetime believed of a device code, and so of its sign-in. */
export const DEVICE_CODE_MAX_LIFETIME_SECONDS = 3_600;
export const DEVICE_CODE_MAX_LENGTH = 16 * KIBIBYTE;
export const USER_CODE_MAX_LENGTH = 32;
/** Between two token requests for one device code (RFC 8628 sections 3.2 and 3.5). */
export const DEVICE_POLL_DEFAULT_SECONDS = 5;
export const DEVICE_POLL_SLOW_DOWN_SECONDS = 5;
export const DEVICE_POLL_MAX_SECONDS = 60;
/** Between two looks at the vault, whatever is due there. */
export const DEVICE_POLL_MIN_MS = SECOND_MS;

/** After two redemptions without an answer, none is sent before this. */
export const UNKNOWN_REDEMPTION_PAUSE_MS = 30 * SECOND_MS;
/** Holds what a sign-in may ask before it is written: a probe, every place of metadata, registration, a preflight. */
export const AUTHORIZE_LEASE_MS = 30 * METADATA_TIMEOUT_MS;
export const AUTHORIZE_WAIT_MS = 4 * METADATA_TIMEOUT_MS;
export const COMMIT_RETRY_MS = 200;
export const COMMIT_RETRY_TOTAL_MS = 20 * SECOND_MS;
/** Two requests for one code, since a second authentication method may be tried. */
export const EXCHANGE_LEASE_MS = 2 * TOKEN_REQUEST_TIMEOUT_MS;

export const OBSERVATION_MIN_INTERVAL_MS = MINUTE_MS;
/** How long a process goes by what it last read of whether somebody is a member; the contract says 60 s. */
export const MEMBERSHIP_RECHECK_MS = 30 * SECOND_MS;

// Vault
/** Outlives the token request, so that a live holder is never robbed. */
export const REFRESH_LEASE_MS = 2 * TOKEN_REQUEST_TIMEOUT_MS + 20 * SECOND_MS;
/** Below the minute after which hosts give up on a call. */
export const REFRESH_LEASE_WAIT_MS = 45 * SECOND_MS;
export const LEASE_POLL_MS = 50;
export const LEASE_GIVE_BACK_RETRY_MS = SECOND_MS;
export const VAULT_BUSY_TIMEOUT_MS = 30 * SECOND_MS;
export const SQLITE_BUSY_TIMEOUT_MS = 50;
/** One attempt at a store on another machine: a connection that stalls longer is given up for a new one. */
export const STORE_ATTEMPT_TIMEOUT_MS = 5 * SECOND_MS;
export const STORE_RETRY_MS = 200;
/** While a vault is opened: an address that was mistyped is told sooner than one that has answered before. */
export const STORE_OPEN_TIMEOUT_MS = 10 * SECOND_MS;
/** Rows that one request to a store may answer with. */
export const STORE_PAGE_ROWS = 500;
export const POSTGRES_CONNECTIONS_MAX = 4;
/** How long an expired row stays in the file, unread: a clock that jumps ahead and back destroys nothing. */
export const EXPIRED_ROW_PURGE_AFTER_MS = 24 * 60 * MINUTE_MS;
export const EXPIRED_ROW_PURGE_INTERVAL_MS = 10 * MINUTE_MS;
export const EXPIRED_ROW_PURGE_MAX_ROWS = 200;
/** Ended sign-ins and tokens are kept this much longer, so that "too old" can be told from "unknown". */
export const EXPIRED_AUTHORIZATION_KEPT_MS = 60 * MINUTE_MS;
/** A deleted record's generations are not used again within this time. */
export const TOMBSTONE_TTL_MS = 24 * 60 * MINUTE_MS;
export const VAULT_KEY_BYTES = 32;
/** Of each kind of record: how many are not decrypted again while they stay the same, and how many names are not hashed again. */
export const OPENED_ROWS_KEPT_MAX = 200;
export const ROW_NAMES_KEPT_MAX = 1_000;
/** Rows of the file that are not read again while nobody has written to it. */
export const CURRENT_ROWS_KEPT_MAX = 500;
/** How long an entry of the audit log is kept. */
export const AUDIT_RETENTION_MS = 400 * 24 * 60 * MINUTE_MS;
/** How much sooner it may have gone: clocks differ. */
export const AUDIT_EXPIRY_TOLERANCE_MS = 24 * 60 * MINUTE_MS;
/** How far back the newest entries of one user are looked for, and how many are read at once. */
export const AUDIT_SCANNED_MAX = 1_000;
export const AUDIT_READ_AT_ONCE = 50;
/** Hexadecimal characters. */
export const AUDIT_FINGERPRINT_LENGTH = 16;
/** What a process does again and again is written down once in this time. */
export const AUDIT_REPEAT_INTERVAL_MS = 60 * MINUTE_MS;
/** Of what a stranger named, in an entry. */
export const AUDIT_DETAIL_MAX_LENGTH = 200;
export const VAULT_KEY_FILE_MAX_BYTES = 4 * KIBIBYTE;
export const KEYRING_TIMEOUT_MS = 5 * SECOND_MS;

// Listener
export const LISTENER_HEADERS_TIMEOUT_MS = 5 * SECOND_MS;
export const LISTENER_TAKEOVER_POLL_MS = SECOND_MS;
/** Reached by doubling while the vault cannot be opened: each attempt may show the user a locked keyring's dialog. */
export const LISTENER_TAKEOVER_POLL_MAX_MS = MINUTE_MS;
/** A peer on a busy machine is not taken for a stranger: its sign-ins would move to another port. */
export const LISTENER_HEALTH_TIMEOUT_MS = 5 * SECOND_MS;
/** Whole request, a slow body included. */
export const LISTENER_REQUEST_TIMEOUT_MS = 10 * SECOND_MS;
/** Room for a long authorization code and for the cookies of every other program on this host. */
export const LISTENER_HEADERS_MAX_BYTES = 32 * KIBIBYTE;
export const LISTENER_CONNECTIONS_MAX = 128;
/** How long a port that nothing needs any more stays bound: a page just shown may be loaded again. */
export const LISTENER_RELEASE_GRACE_MS = 10 * SECOND_MS;
export const LISTENER_BIND_MAX_ATTEMPTS = 5;
export const LISTENER_BIND_RETRY_MS = 50;
export const LISTENER_CLOSE_TIMEOUT_MS = SECOND_MS;
export const LISTENER_CHALLENGE_BYTES = 32;
export const LISTENER_PROOF_MAX_BYTES = KIBIBYTE;
/** Servers on one page of the accounts, and tools on one page for an agent. */
export const ACCOUNTS_PER_PAGE = 50;
export const TOOLS_PER_PAGE = 250;
/** Names and ticks of one page of tools. */
export const TOOLS_FORM_MAX_BYTES = MEBIBYTE;
export const TOOLS_FORM_MAX_FIELDS = 2 * TOOLS_PER_PAGE + 16;
/** Entries on one page of a user's activity, and how far back its pages go. */
export const ACTIVITY_PER_PAGE = 50;
export const ACTIVITY_PAGES_MAX = 40;
/** Agents of one user that can be told apart on the accounts page. */
export const AGENTS_SHOWN_MAX = 100;
export const FORM_MAX_BYTES = 64 * KIBIBYTE;
export const FORM_MAX_FIELDS = 16;
/** Of a value that a form is filled in with; longer than text that is only shown, since it is sent again. */
export const FORM_VALUE_MAX_LENGTH = 4 * KIBIBYTE;
export const DEFAULT_CALLBACK_PORT = 27_182;

// The user's file
export const SERVERS_FILE_MAX_BYTES = MEBIBYTE;
/** Reading, changing and writing one small file. */
export const SERVERS_FILE_LEASE_MS = 10 * SECOND_MS;
/** A change within this time of the last read may carry the same timestamp (coarsest file system: 2 s). */
export const FILE_TIMESTAMP_GRANULARITY_MS = 2 * SECOND_MS;

// Tools
export const SERVER_NAME_MAX_LENGTH = 64;
export const PAYLOAD_TOOLS_MAX = 100;
export const SEARCH_LIMIT_DEFAULT = 20;
export const SEARCH_LIMIT_MAX = 100;
export const WAIT_MAX_SECONDS = 300;
/** Hosts give up on a call at 60 seconds. */
export const WAIT_WITHOUT_PROGRESS_MAX_SECONDS = 45;
/** Where the host was asked to show the sign-in, and can wait. */
export const WAIT_ELICITED_SECONDS = 120;
export const WAIT_PROGRESS_INTERVAL_MS = 10 * SECOND_MS;
export const WAIT_POLL_MS = 250;
export const DISPLAY_TEXT_MAX_LENGTH = 300;
/** Characters of the resource that a server names instead of itself: an address, but no room for prose. */
export const RESOURCE_SHOWN_LENGTH = 100;

// Redaction
export const MIN_REDACTED_SECRET_LENGTH = 8;
export const MAX_REMEMBERED_SECRETS = 2_000;

// Process
export const SHUTDOWN_GRACE_MS = 1_500;
/** Until then a process that was only started and asked for its tools has loaded nothing else. */
export const BACKGROUND_START_DELAY_MS = SECOND_MS;
/** A host's death is noticed by its process id where standard input does not end. */
export const PARENT_POLL_MS = 300;

// Arguments and results of our tools
export const URL_ARGUMENT_MAX_LENGTH = 8_192;
/** The longest code, with as much around it as any URL has. */
export const CALLBACK_URL_MAX_LENGTH = AUTHORIZATION_CODE_MAX_LENGTH + URL_ARGUMENT_MAX_LENGTH;
export const SCOPE_ARGUMENT_MAX_LENGTH = 4_096;
export const ACCOUNT_NAME_MAX_LENGTH = 64;
export const SECRET_NAME_MAX_LENGTH = 128;
export const AGENT_NAME_MAX_LENGTH = 64;
export const TOOL_NAME_MAX_LENGTH = 256;
export const PROMPT_NAME_MAX_LENGTH = 256;
/** Hosts put a prefix of their own before it and stop at 64. */
export const MIRRORED_NAME_MAX_LENGTH = 40;
export const MIRRORED_NAME_HASH_LENGTH = 8;
/** Names that were given are kept, so that none is ever another's: of more, the oldest are forgotten. */
export const MIRRORED_NAMES_KEPT_MAX = 100_000;
/** Resource templates whose server is remembered, for completions. */
export const RESOURCE_TEMPLATES_KEPT_MAX = 1_000;
/** Between two notices to the host that a list changed; longer than TOOL_LIST_MIN_INTERVAL_MS, within which a list is not read again. */
export const LIST_CHANGE_INTERVAL_MS = 1_100;
export const SEARCH_QUERY_MAX_LENGTH = 1_000;
export const CURSOR_MAX_LENGTH = 4_096;
/** Of a tool that a search found; more than any tool needs, and an end to what a server can fill a context with. */
export const TOOL_TITLE_MAX_LENGTH = 300;
export const TOOL_DESCRIPTION_MAX_LENGTH = 16 * KIBIBYTE;
/** Of a tool's title or description, and of its parameters' names: what a search looks through. */
export const SEARCHED_TEXT_MAX_LENGTH = 4_096;
export const SEARCHED_PARAMETERS_MAX = 100;
/** Deeper results of an upstream are refused: a serializer would run out of stack. */
export const RESULT_MAX_DEPTH = 200;
export const SKILL_FILE_MAX_BYTES = 256 * KIBIBYTE;
export const SKILLS_MAX = 200;
