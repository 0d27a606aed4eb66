/**
 * Who may call: nobody in particular, the holder of the SETUP_TOKEN, or an API key with this scope.
 * `device` and `webhook` routes authenticate by device token and by webhook secret, in the connectors' own doors.
 */
export type Permission = 'public' | 'setup' | 'read' | 'write' | 'admin' | 'device' | 'webhook'
