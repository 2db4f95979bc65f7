//! Times work on a device.

/// The initial and largest number of repetitions per measurement. It grows until the measurement
/// takes long enough that the time to read the result is negligible.
const TIMES: [usize; 2] = [4, 1024];
/// Shortest measurement, in milliseconds.
const ENOUGH: f64 = 20.0;

/// Milliseconds that one repetition takes, infinity if it fails. `repeat` does the given number of
/// them, waits for the device and returns whether it succeeded. `now` is a clock in milliseconds.
pub(super) async fn each(now: &dyn Fn() -> f64, mut repeat: impl AsyncFnMut(usize) -> bool) -> f64 {
    // The first run compiles the kernel.
    if !repeat(1).await {
        return f64::INFINITY;
    }
    let mut times = TIMES[0];
    loop {
        let began = now();
        if !repeat(times).await {
            return f64::INFINITY;
        }
        let took = now() - began;
        if took >= ENOUGH || times >= TIMES[1] {
            return took / times as f64;
        }
        times *= 4;
    }
}
