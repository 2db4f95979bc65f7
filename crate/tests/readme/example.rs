use pickscore::{PickScore, scorer::OpenOptions};

async fn print_scores() -> Result<(), Box<dyn std::error::Error>> {
    let scorer = PickScore::open("PickScore_v1".as_ref(), &OpenOptions::default())?;
    for score in scorer.score("a fox in the snow", &[&std::fs::read("fox.png")?]).await? {
        println!("{}", score?);
    }
    Ok(())
}
