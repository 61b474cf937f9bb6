// Hocuspocus as its documentation sets it up, with its SQLite extension; with REDIS_URL as one of
// several nodes, which share the SQLite file.
import { Redis } from '@hocuspocus/extension-redis'
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'

const extensions = [new SQLite({ database: `${process.env.DATA}/hocuspocus.sqlite` })]
if (process.env.REDIS_URL) {
  const { hostname, port } = new URL(process.env.REDIS_URL)
  extensions.push(new Redis({ host: hostname, port: Number(port) }))
}
const server = new Server({
  address: '127.0.0.1',
  port: Number(process.env.PORT),
  quiet: true,
  extensions
})
await server.listen()
