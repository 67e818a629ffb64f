// BullMQ's side of contender.py: `producer URL` or `worker URL SLOTS`.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Queue, Worker } = createRequire(`${process.env.BENCH_NODE_CACHE}/`)("bullmq");
const [role, url, slots] = process.argv.slice(2);
const connection = { path: url.replace("unix://", ""), maxRetriesPerRequest: null };
const now = () => (performance.timeOrigin + performance.now()) / 1000;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function produce() {
  const queue = new Queue("bench", { connection });
  await queue.waitUntilReady();
  console.log("ready");
  for await (const line of lines) {
    const [name, first, count, seconds] = line.split(" ");
    const numbers = Array.from({ length: Number(count) }, (_, n) => Number(first) + n);
    const jobs = numbers.map((number) =>
      ({ name, data: name === "nap" ? { number, seconds: Number(seconds) } : {} }));
    const began = now();
    if (jobs.length === 1) await queue.add(name, jobs[0].data);
    else for (let at = 0; at < jobs.length; at += 1000) await queue.addBulk(jobs.slice(at, at + 1000));
    console.log(began);
  }
}

async function run(job) {
  if (job.name === "nop") return;
  const start = now();
  const { number, seconds } = job.data;
  await new Promise((wake) => setTimeout(wake, seconds * 1000));
  console.log(number, start, now());
}

async function work() {
  const worker = new Worker("bench", run, { connection, concurrency: Number(slots), autorun: false });
  await worker.waitUntilReady();
  console.log("ready");
  if ((await lines.next()).done) process.exit(0);
  lines.next().then(() => process.exit(0));
  await worker.run();
}

await (role === "producer" ? produce() : work());
process.exit(0);
