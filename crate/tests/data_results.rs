//! The output of `pickscore score --data`: names, other settings, changed images, rows that fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/workplace.rs"]
mod workplace;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use common::image;
use serde_json::json;
use workplace::{Workplace, files, reference, said, scores};

/// Rows of two images, `a.png` and `b.png`, beside the table.
const LIST: &str = "caption,image\na fox,a.png\na wolf,b.png\n";

/// A folder with a table and its images.
fn listed(workplace: &Workplace, folder: &str, images: [&str; 2]) -> PathBuf {
    for (name, from) in ["a.png", "b.png"].iter().zip(images) {
        workplace.image(&format!("{folder}/{name}"), from);
    }
    workplace.write(&format!("{folder}/list.csv"), LIST)
}

fn key(file: &str, row: i64) -> (String, i64) {
    (file.to_owned(), row)
}

/// pyarrow and pandas skip files whose names start with a dot or an underscore.
#[test]
fn every_reader_sees_the_files() {
    let workplace = Workplace::new();
    let mut data = Vec::new();
    for (folder, name) in [("dA", "x"), ("dB", "x"), ("dC", "_x"), ("dD", "\u{65e5}\u{672c}")] {
        fs::create_dir(workplace.path(folder)).unwrap();
        data.push(workplace.table(&format!("{folder}/{name}.parquet"), 3));
    }
    let data: Vec<&Path> = data.iter().map(PathBuf::as_path).collect();
    let mut command = workplace.command(&["one"], &data, "out", &[]);
    assert!(command.output().unwrap().status.success());
    let names = files(&workplace.path("out"));
    assert_eq!(names.len(), 4);
    assert!(names.iter().all(|name| !name.starts_with(['.', '_'])), "{names:?}");
    // The same from within the folder, with relative paths.
    let mut command = workplace.command(&["one"], &[Path::new("./dA"), Path::new("./dB")], "relative", &[]);
    assert!(command.current_dir(workplace.path("")).output().unwrap().status.success());
    let names = files(&workplace.path("relative"));
    assert!(names.iter().all(|name| name.starts_with("dA_x-") || name.starts_with("dB_x-")), "{names:?}");
}

#[test]
fn the_name_of_an_input_does_not_depend_on_the_order() {
    let workplace = Workplace::new();
    let one = listed(&workplace, "dA", ["photo.png", "edges.png"]);
    let other = listed(&workplace, "dB", ["noise.png", "photo.png"]);
    assert_eq!(workplace.json(&["one"], &[&one, &other], "out", &[])["scored"], 4);
    assert_eq!(workplace.json(&["one"], &[&other, &one], "out", &[])["scored"], 0);
    let found = scores(&workplace.path("out"));
    let pairs = [("a fox", image("photo.png")), ("a fox", image("noise.png"))];
    let expected = reference(&workplace, "one", &pairs);
    assert_eq!(found[&key("dA/list.csv", 0)], [Ok(expected[0])]);
    assert_eq!(found[&key("dB/list.csv", 0)], [Ok(expected[1])]);
    // A file that is given again, by its folder or through a link, is the same file.
    let folders = [workplace.path("dA"), workplace.path("dB")];
    let answer = workplace.json(&["one"], &[&one, &folders[0], &folders[1], &one], "out", &[]);
    assert_eq!((&answer["rows"], &answer["scored"]), (&json!(4), &json!(0)));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&one, workplace.path("link.csv")).unwrap();
        let answer = workplace.json(&["one"], &[&one, &workplace.path("link.csv")], "linked", &[]);
        assert_eq!(answer["rows"], 2);
    }
}

#[test]
fn data_that_is_added_leaves_what_is_there() {
    let workplace = Workplace::new();
    let one = listed(&workplace, "dB", ["photo.png", "edges.png"]);
    let other = listed(&workplace, "dA", ["noise.png", "photo.png"]);
    workplace.json(&["one"], &[&one], "out", &[]);
    for (order, new) in [([&one, &other], 2), ([&other, &one], 0)] {
        let data: Vec<&Path> = order.iter().map(|path| path.as_path()).collect();
        assert_eq!(workplace.json(&["one"], &data, "out", &[])["scored"], new);
    }
    let keys: Vec<_> = scores(&workplace.path("out")).into_keys().collect();
    let expected = [("dA/list.csv", 0), ("dA/list.csv", 1), ("list.csv", 0), ("list.csv", 1)];
    assert_eq!(keys, expected.map(|(file, row)| key(file, row)));
}

#[test]
fn a_replaced_image_is_scored_again() {
    let workplace = Workplace::new();
    let table = listed(&workplace, "data", ["photo.png", "edges.png"]);
    let run = |more: &[&str]| workplace.json(&["one"], &[&table], "out", more)["scored"].clone();
    let of = |prompt, name| reference(&workplace, "one", &[(prompt, image(name))])[0];
    assert_eq!((run(&[]), run(&[])), (json!(2), json!(0)));
    workplace.image("data/b.png", "noise.png");
    assert_eq!((run(&[]), run(&[])), (json!(2), json!(0)));
    let found = scores(&workplace.path("out"));
    assert_eq!(found[&key("list.csv", 0)], [Ok(of("a fox", "photo.png"))]);
    assert_eq!(found[&key("list.csv", 1)], [Ok(of("a wolf", "noise.png"))]);
    // An image of the same size that was written later counts as another one.
    let image = fs::File::options().append(true).open(workplace.path("data/a.png")).unwrap();
    image.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    assert_eq!((run(&[]), run(&["--in-turns"])), (json!(2), json!(0)));
    // With several models in turns, as with one.
    let turns = || workplace.json(&["one", "two"], &[&table], "turns", &["--in-turns"])["scored"].clone();
    assert_eq!((turns(), turns()), (json!(2), json!(0)));
    workplace.image("data/b.png", "photo.png");
    assert_eq!((turns(), turns()), (json!(2), json!(0)));
    assert_eq!(files(&workplace.path("turns")).len(), 1);
}

#[test]
fn images_of_another_folder_are_not_mixed() {
    let workplace = Workplace::new();
    let table = listed(&workplace, "dA", ["photo.png", "edges.png"]);
    workplace.json(&["one"], &[&table], "out", &[]);
    listed(&workplace, "dB", ["noise.png", "photo.png"]);
    let folder = workplace.path("dB");
    let said = workplace.complaint(&[&table], "out", &["--image-folder", folder.to_str().unwrap()], 1);
    let file = &files(&workplace.path("out"))[0];
    assert!(said.contains(file) && said.contains("choose another folder with --out"), "{said}");
    // The same images under another path, as on a machine that mounts them elsewhere.
    for name in ["a.png", "b.png"] {
        let modified = fs::metadata(workplace.path("dA").join(name)).unwrap().modified().unwrap();
        fs::copy(workplace.path("dA").join(name), workplace.path("dB").join(name)).unwrap();
        let copy = fs::File::options().append(true).open(workplace.path("dB").join(name)).unwrap();
        copy.set_modified(modified).unwrap();
    }
    let moved = workplace.path("dB/list.csv");
    assert_eq!(workplace.json(&["one"], &[&moved], "out", &[])["scored"], 0);
}

#[test]
fn scores_of_another_setting_are_not_mixed() {
    let workplace = Workplace::new();
    let lines = "caption,prompt,image,path\na fox,a wolf,photo.png,edges.png\n";
    workplace.image("photo.png", "photo.png");
    workplace.image("edges.png", "edges.png");
    let table = workplace.write("list.csv", lines);
    workplace.json(&["one"], &[&table], "out", &[]);
    let file = files(&workplace.path("out")).remove(0);
    for other in [["--prompt-column", "prompt"], ["--image-column", "path"]] {
        let said = workplace.complaint(&[&table], "out", &other, 1);
        assert!(said.contains(&file) && said.contains("the columns `caption`, `image`"), "{said}");
    }
    for models in [&["two"][..], &["one", "two"]] {
        let output = workplace.command(models, &[&table], "out", &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said(&output).contains(&file) && said(&output).contains("another model"),
            "{}",
            said(&output)
        );
    }
    let said = workplace.complaint(&[&table], "out", &["--precision", "q8"], 1);
    assert!(said.contains("precision"), "{said}");
    // Another table may have other columns, and be added later.
    let other = workplace.write("other.csv", "text,image\na fox,photo.png\n");
    assert_eq!(workplace.json(&["one"], &[&table, &other], "out", &[])["scored"], 1);
    assert_eq!(files(&workplace.path("out")).len(), 2);
}

#[test]
fn failed_rows_are_mentioned_until_they_are_scored() {
    let workplace = Workplace::new();
    let table = listed(&workplace, "data", ["photo.png", "edges.png"]);
    let run = |more: &[&str]| workplace.command(&["one"], &[&table], "out", more).output().unwrap();
    // All fail: there is no result.
    let output = run(&["--max-pixels", "1"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(said(&output).starts_with("pickscore: 0 of 2 rows have a score"), "{}", said(&output));
    let output = run(&["--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("0 of 2 rows have a score"), "{}", said(&output));
    assert!(said(&output).contains("--retry-failed"), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"scored\": 0"));
    let output = run(&["--retry-failed"]);
    assert!(output.status.success());
    assert!(scores(&workplace.path("out")).values().flatten().all(Result::is_ok));
    assert_eq!(scores(&workplace.path("out")).len(), 2);
    // One fails.
    fs::remove_file(workplace.path("data/b.png")).unwrap();
    fs::remove_dir_all(workplace.path("out")).unwrap();
    assert!(run(&[]).status.success());
    let output = run(&[]);
    assert!(output.status.success());
    assert!(said(&output).contains("1 row has no score from another run; --retry-failed"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 of 2 rows has its scores in "));
    // Models in turns fail at the same row, which is counted once.
    let turns = ["--in-turns", "--format", "json"];
    let output = workplace.command(&["one", "two"], &[&table], "turns", &turns).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"failed\": 1"));
    assert_eq!(said(&output).matches("1 row has no score").count(), 1, "{}", said(&output));
    // A single row.
    let single = workplace.write("data/single.csv", "caption,image\na fox,a.png\n");
    let run = || workplace.command(&["one"], &[&single], "single", &[]).output().unwrap();
    run();
    assert!(String::from_utf8_lossy(&run().stdout).contains("The only row has its scores in "));
}

#[test]
fn the_output_is_not_taken_as_input() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("data")).unwrap();
    workplace.table("data/a.parquet", 3);
    let data = workplace.path("data");
    for out in ["data", "data/scores"] {
        assert_eq!(workplace.json(&["one"], &[&data], out, &[])["rows"], 3);
        let again = workplace.json(&["one"], &[&data], out, &[]);
        assert_eq!((&again["rows"], &again["scored"]), (&json!(3), &json!(0)), "{out}");
    }
    // Also that of another run.
    assert_eq!(workplace.json(&["one"], &[&data], "out", &[])["rows"], 3);
}

/// Ctrl-C ends the command with one line. What was written stays.
#[test]
#[cfg(unix)]
fn an_interruption_says_how_to_go_on() {
    use std::{process::Command, thread};

    let workplace = Workplace::new();
    let table = workplace.table("data.parquet", 30_000);
    let mut child = workplace.command(&["one"], &[&table], "out", &["--threads", "1"]).spawn().unwrap();
    let out = workplace.path("out");
    while !out.exists() || files(&out).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the run was over before it was interrupted");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    let line = "pickscore: interrupted; run the same command again to score what is missing\n";
    assert_eq!(said(&output), line);
    // No claim is left.
    assert_eq!(fs::read_dir(out.join(".pickscore")).map_or(0, |entries| entries.count()), 0);
    assert!(!files(&out).is_empty());
}
