// Plays one scene on a queue: node play.cjs PORT QUEUE SCENE, with node_modules of the folder in NODE_PATH.
// Prints "ready" when the scene stands; a scene with workers lasts until stdin closes.
const { MetricsTime, Queue, Worker } = require('bullmq');

const [port, name, scene] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const stdinCloses = () => new Promise((resolve) => process.stdin.on('end', resolve).resume());
const until = async (holds) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

const scenes = {
  async waiting(queue) {
    await queue.add('grade', { n: 1 });
    await queue.add('grade', { n: 2 });
    await queue.add('urgent', { n: 3 }, { priority: 5 });
    await queue.add('later', { n: 4 }, { delay: 3_600_000 });
  },
  async paused(queue) {
    await queue.pause();
    await queue.add('grade', { n: 1 });
  },
  async worked(queue) {
    const work = async (job) => {
      if (job.name === 'broken') throw new Error('broken');
      if (job.name === 'hold') await new Promise(() => {});
    };
    const worker = new Worker(name, work, { connection, metrics: { maxDataPoints: MetricsTime.ONE_HOUR } });
    for (const job of ['good', 'good', 'broken', 'hold']) await queue.add(job, {});
    await until(async () => {
      const counts = await queue.getJobCounts('completed', 'failed', 'active');
      return counts.completed === 2 && counts.failed === 1 && counts.active === 1;
    });
    return () => worker.close(true);
  },
};

(async () => {
  const queue = new Queue(name, { connection });
  const end = await scenes[scene](queue);
  process.stdout.write('ready\n');
  if (end) {
    await stdinCloses();
    await end();
  }
  await queue.close();
  process.exit(0);
})();
