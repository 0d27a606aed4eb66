/**
 * Who may call: nobody in particular, the holder of the SETUP_TOKEN, or an API key with this scope.
 * `device` routes authenticate by device token, in the connectors' own door.
 */
export type Permission = 'public' | 'setup' | 'read' | 'write' | 'admin' | 'device'
