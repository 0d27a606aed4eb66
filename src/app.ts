import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { AppError } from './domain/errors.ts'
import { accountRoutes } from './routes/account.ts'
import { alarmRoutes } from './routes/alarms.ts'
import type { AppEnv } from './routes/app-env.ts'
import { attributeRoutes } from './routes/attributes.ts'
import { auditRoutes } from './routes/audit.ts'
import { authRoutes } from './routes/auth.ts'
import { commandRoutes } from './routes/commands.ts'
import { deviceAttributeRoutes } from './routes/device-attributes.ts'
import { deviceCommandRoutes } from './routes/device-commands.ts'
import { deviceImportRoutes } from './routes/device-import.ts'
import { deviceProfileRoutes } from './routes/device-profiles.ts'
import { deviceSocketRoutes } from './routes/device-socket.ts'
import { deviceRoutes } from './routes/devices.ts'
import { publicRoutes } from './routes/health.ts'
import { ingestRoutes } from './routes/ingest.ts'
import { integrationRoutes } from './routes/integrations.ts'
import { liveRoutes } from './routes/live.ts'
import { memberRoutes } from './routes/members.ts'
import { methodsOf } from './routes/methods.ts'
import { mqttRoutes } from './routes/mqtt.ts'
import { notOfferedRoutes } from './routes/not-offered.ts'
import { openApiRoutes } from './routes/openapi.ts'
import { checkOrigin, listedOrigins } from './routes/origin.ts'
import { platformRoutes } from './routes/platform.ts'
import { problem } from './routes/problem.ts'
import { provisioningRoutes } from './routes/provisioning.ts'
import { requireMigrations } from './routes/require-migrations.ts'
import { securityHeaders } from './routes/security-headers.ts'
import { telemetryRoutes } from './routes/telemetry.ts'
import { tenantRoutes } from './routes/tenants.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import type { World } from './services/context.ts'

/** The whole HTTP interface. `worldOf` makes the databases and objects of an isolate once. */
export function createApp(worldOf: (env: Env) => World) {
  const app = new Hono<AppEnv>()

  app.use(async (c, next) => {
    c.set('requestId', c.req.header('cf-ray') ?? crypto.randomUUID())
    c.set('world', worldOf(c.env))
    await next()
  })
  app.use('/api/*', securityHeaders)
  // Browsers may act as devices and read the catalog from anywhere; no cookie is taken there.
  app.use('/api/v1/*', cors({ origin: '*', maxAge: 86_400, exposeHeaders: ['Retry-After'] }))
  // Pages of other origins, where the operator lists them; a foreign page is told nothing.
  app.use('/api/*', async (c, next) => {
    if (c.req.path.startsWith('/api/v1/')) return next()
    return cors({
      origin: listedOrigins(c.env),
      credentials: true,
      maxAge: 600,
      exposeHeaders: ['Retry-After', 'Link'],
    })(c, next)
  })
  app.use('/api/auth/*', checkOrigin)
  // Before the look at the migrations: a network server waits for 5 s and sends once, whatever the database does.
  app.route('/', webhookRoutes())
  app.use(requireMigrations)

  const routes = app
    .route('/', publicRoutes)
    .route('/', ingestRoutes())
    .route('/', deviceSocketRoutes)
    .route('/', deviceAttributeRoutes)
    .route('/', deviceCommandRoutes)
    .route('/', attributeRoutes)
    .route('/', commandRoutes)
    .route('/', liveRoutes)
    .route('/', mqttRoutes)
    .route('/', authRoutes)
    .route('/', accountRoutes)
    .route('/', memberRoutes)
    .route('/', tenantRoutes)
    .route('/', auditRoutes)
    .route('/', platformRoutes)
    .route('/', provisioningRoutes)
    .route('/', integrationRoutes)
    .route('/', telemetryRoutes)
    .route('/', deviceImportRoutes)
    .route('/', deviceRoutes)
    .route('/', deviceProfileRoutes)
    .route('/', alarmRoutes)
    .route('/', notOfferedRoutes)
    .route(
      '/',
      openApiRoutes(() => app.routes),
    )

  app.notFound(async (c) => {
    const allowed = methodsOf(app, c.req.path)
    if (allowed.length > 0) {
      const answer = problem(c, new AppError('method_not_allowed', { detail: `Use ${allowed.join(', ')} here.` }))
      answer.headers.set('allow', allowed.join(', '))
      return answer
    }
    const isPage = (c.req.method === 'GET' || c.req.method === 'HEAD') && !c.req.path.startsWith('/api/')
    return isPage
      ? c.env.ASSETS.fetch(c.req.raw)
      : problem(c, new AppError('not_found', { detail: 'Nothing is here.' }))
  })
  app.onError((error, c) => problem(c, error))
  return routes
}
