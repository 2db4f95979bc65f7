"""The rows for testing readers and writers; `rows` in crate/tests/dataset.rs has the same rows."""

COUNT = 40
CAPTIONS = ["a fox in the snow", "日本の城", 'naïve café, "quoted"', "line\nbreak"]
COLUMNS = """are_different best_image_uid caption created_at has_label image_0_uid image_0_url image_1_uid image_1_url jpg_0 jpg_1 label_0
label_1 model_0 model_1 ranking_id user_id num_example_per_prompt __index_level_0__ pickscore_kind""".split()


def image(row, side):
    return bytes((row * 7 + side * 13 + k * k) % 256 for k in range(20 + row * 3 + side))


def row(i):
    labels = [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (None, None)][i % 4]
    best = [f"uid-{i}-0", f"uid-{i}-1", "tie", ""][i % 4]
    values = {
        "are_different": i % 5 != 0,
        "best_image_uid": best,
        "caption": f"{CAPTIONS[i % 4]} {i // 4}",
        "created_at": 1_670_000_000_000_000_000 + i * 1_000_000_007,
        "has_label": i % 4 != 3,
        "label_0": labels[0],
        "label_1": labels[1],
        "ranking_id": i * 3,
        "user_id": i % 7,
        "num_example_per_prompt": 1 + i % 4,
        "__index_level_0__": i * 37 % 101,
        "pickscore_kind": ["colour", "count", None][i % 3],
    }
    for side in range(2):
        values[f"image_{side}_uid"] = f"uid-{i}-{side}"
        values[f"image_{side}_url"] = f"https://example.org/{i}/{side}.jpg"
        values[f"model_{side}"] = "abc"[(i + side) % 3]
        values[f"jpg_{side}"] = image(i, side)
    return {name: values[name] for name in COLUMNS}


def rows():
    return [row(i) for i in range(COUNT)]
