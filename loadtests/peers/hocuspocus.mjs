// Hocuspocus as its documentation sets it up: alone with its SQLite extension, and as one of several nodes
// (REDIS_URL, DATABASE_URL) with its Redis extension and its Database extension on PostgreSQL.
import { Database } from '@hocuspocus/extension-database'
import { Redis } from '@hocuspocus/extension-redis'
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'
import pg from 'pg'

const alone = () => [new SQLite({ database: `${process.env.DATA}/hocuspocus.sqlite` })]

const among = async () => {
  const { hostname, port } = new URL(process.env.REDIS_URL)
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 })
  // Two nodes that make it at once would trip over each other.
  await pool.query('select pg_advisory_lock(1); create table if not exists documents ' +
    '(name text primary key, data bytea not null); select pg_advisory_unlock(1)')
  return [
    new Redis({ host: hostname, port: Number(port) }),
    new Database({
      fetch: async ({ documentName }) => {
        const found = await pool.query('select data from documents where name = $1', [documentName])
        return found.rows[0]?.data ?? null
      },
      store: ({ documentName, state }) =>
        pool.query(
          'insert into documents values ($1, $2) on conflict (name) do update set data = excluded.data',
          [documentName, state]
        )
    })
  ]
}

const server = new Server({
  address: '127.0.0.1',
  port: Number(process.env.PORT),
  quiet: true,
  extensions: process.env.REDIS_URL ? await among() : alone()
})
await server.listen()
