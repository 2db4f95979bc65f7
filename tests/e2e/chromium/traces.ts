/** What a browser's trace says about the page. */

/**
 * The page's main-thread tasks in a trace, in milliseconds of the thread's own CPU time. Wall-clock
 * time also includes other processes, and on two cores the engine's threads are among them. So
 * wall-clock times are only printed, and the bound applies to CPU time.
 */
export function ownTimes(trace: Buffer): number[] {
  type Event = { name: string; pid: number; tid: number; tdur?: number; args: { name?: string } };
  const { traceEvents: events } = JSON.parse(trace.toString()) as { traceEvents: Event[] };
  const mains = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
  return events.filter(({ name, pid, tid, tdur }) => tdur !== undefined && /RunTask$/.test(name) && mains.has(`${pid} ${tid}`)).map(({ tdur }) => (tdur as number) / 1000);
}
